import type { createPrincipals } from '../../../src/demo/setup/principals.ts';
import type { WorkspaceClient } from '../../../src/demo/setup/workspace-client.ts';

/** What the binding calls the job. */
export const jobName = 'nightly';

const file = '/Workspace/Shared/jobs/fit.py';
const parameters = ['snapshot', 'commit', 'nonce', 'experiment', 'model'];

/**
 * A job as an administrator makes it, and what the binding's principals may do with it. Its file is never read: what
 * it would do is done by in-process-programs.ts. @returns its id
 */
export async function createBoundJob(
  admin: WorkspaceClient,
  { trainer, reader }: Awaited<ReturnType<typeof createPrincipals>>,
): Promise<number> {
  await admin.post('2.0/workspace/mkdirs', { json: { path: file.slice(0, file.lastIndexOf('/')) } });
  const imported = `2.0/workspace-files/import-file/${encodeURIComponent(file.slice(1))}`;
  await admin.post(imported, { searchParams: { overwrite: true }, body: '# See plan.json.\n' });
  const { job_id } = await admin
    .post('2.2/jobs/create', {
      json: {
        name: jobName,
        max_concurrent_runs: 16,
        run_as: { service_principal_name: trainer.applicationId },
        parameters: parameters.map((name) => ({ name, default: '' })),
        environments: [{ environment_key: 'e', spec: { environment_version: '4', dependencies: [] } }],
        tasks: [
          {
            task_key: 'fit',
            environment_key: 'e',
            spark_python_task: {
              python_file: file,
              parameters: parameters.map((name) => `--${name}={{job.parameters.${name}}}`),
            },
          },
        ],
      },
    })
    .json<{ job_id: number }>();
  await admin.patch(`2.0/permissions/jobs/${job_id}`, {
    json: {
      access_control_list: [
        { service_principal_name: trainer.applicationId, permission_level: 'CAN_MANAGE_RUN' },
        { service_principal_name: reader.applicationId, permission_level: 'CAN_VIEW' },
      ],
    },
  });
  return job_id;
}
