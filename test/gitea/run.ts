/** `npm run test:gitea [-- files]`: what only a real Gitea can show. Without GITEA_BIN it says so and passes. */
import { startVitest } from 'vitest/node';
import { chooseAccount } from '../../src/demo/real-forge/account.ts';
import { openBinary } from '../../src/demo/real-forge/binary.ts';
import { realGiteaOf } from '../../src/demo/real-forge.ts';

const gitea = realGiteaOf(process.env);
if (gitea === undefined) {
  console.log('\n!!! test:gitea not run: GITEA_BIN is not set\n');
} else {
  try {
    const { path, version } = await openBinary(gitea.binary, await chooseAccount(gitea.runAs));
    console.log(`test:gitea with ${version.product} ${version.text} (${path})`);
    const vitest = await startVitest('test', process.argv.slice(2), {
      config: 'test/gitea/vitest.config.ts',
      run: true,
      watch: false,
    });
    await vitest?.close();
  } catch (error) {
    console.error(`test:gitea cannot run: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
