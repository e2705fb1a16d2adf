/** Jobs answers under both versions; the shapes that the emulator gives are those of 2.2. */
export const jobsPaths = ['/api/2.2/jobs', '/api/2.1/jobs'];
