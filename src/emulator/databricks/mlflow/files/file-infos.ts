import { entryAt, listFolder } from './file-store.ts';
import { below, safeSegments } from './safe-path.ts';

/** MLflow's message `FileInfo`; `path` is relative to the artifacts' root. */
export interface FileInfo {
  path: string;
  is_dir: boolean;
  /** Bytes; absent for a folder. */
  file_size?: number;
}

/** What lies in the folder `inner` of `base`; none where there is no such folder. @throws ApiError 400 for an unsafe path. */
export async function fileInfos(base: string, inner = ''): Promise<FileInfo[]> {
  const folder = below(base, safeSegments(inner));
  const entries = (await entryAt(folder))?.isDirectory ? await listFolder(folder) : [];
  return entries.map((entry) => ({
    path: inner ? `${inner.replace(/\/$/, '')}/${entry.name}` : entry.name,
    is_dir: entry.isDirectory,
    ...(entry.isDirectory ? {} : { file_size: entry.size }),
  }));
}
