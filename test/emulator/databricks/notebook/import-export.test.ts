import { expect, test } from 'vitest';
import type { Client } from '../support.ts';
import { startWorkspace } from '../support.ts';

const source = '# Databricks notebook source\nx = 1\n\n# COMMAND ----------\n\n# MAGIC %md hi\n';
const jupyter = JSON.stringify({
  cells: [
    { cell_type: 'markdown', metadata: {}, source: ['hi'] },
    { cell_type: 'code', metadata: {}, source: ['x = 1'], outputs: [], execution_count: null },
  ],
  metadata: { language_info: { name: 'python' } },
  nbformat: 4,
  nbformat_minor: 5,
});

const importAs = (as: Client, path: string, content: string, rest: object) =>
  as.post('/api/2.0/workspace/import', { path, content: Buffer.from(content).toString('base64'), ...rest });

async function exported(as: Client, path: string, format?: string) {
  const query = `path=${path}${format === undefined ? '' : `&format=${format}`}`;
  const { body } = await as.get(`/api/2.0/workspace/export?${query}`);
  return { type: body.file_type, text: Buffer.from(body.content ?? '', 'base64').toString() };
}

test('an imported notebook is one with its language and comes out in either format', async () => {
  const { admin } = await startWorkspace();
  await importAs(admin, '/Shared/a', source, { format: 'SOURCE', language: 'PYTHON' });
  await importAs(admin, '/Shared/b', jupyter, { format: 'JUPYTER' });
  await importAs(admin, '/Shared/c.ipynb', jupyter, { format: 'AUTO' });
  await importAs(admin, '/Shared/d', 'select 1', { format: 'SOURCE', language: 'SQL' });
  const { objects } = (await admin.get('/api/2.0/workspace/list?path=/Shared')).body;
  expect(
    objects.map(({ path, object_type, language }: Record<string, string>) => [path, object_type, language]),
  ).toEqual([
    ['/Shared/a', 'NOTEBOOK', 'PYTHON'],
    ['/Shared/b', 'NOTEBOOK', 'PYTHON'],
    ['/Shared/c', 'NOTEBOOK', 'PYTHON'],
    ['/Shared/d', 'NOTEBOOK', 'SQL'],
  ]);

  expect(await exported(admin, '/Shared/a')).toEqual({ type: 'py', text: source });
  expect(await exported(admin, '/Shared/b', 'AUTO')).toEqual({ type: 'ipynb', text: jupyter });
  expect((await exported(admin, '/Shared/b', 'SOURCE')).text).toBe(
    '# Databricks notebook source\n# MAGIC %md\n# MAGIC hi\n\n# COMMAND ----------\n\nx = 1\n',
  );
  const other = JSON.parse((await exported(admin, '/Shared/a', 'JUPYTER')).text);
  expect(other.cells.map((cell: { cell_type: string }) => cell.cell_type)).toEqual(['code', 'markdown']);
  expect(await exported(admin, '/Shared/d')).toEqual({
    type: 'sql',
    text: '-- Databricks notebook source\nselect 1',
  });
});

test('content that is no Jupyter notebook, an unknown language and an unknown format are refused', async () => {
  const { admin } = await startWorkspace();
  expect((await importAs(admin, '/Shared/a', 'x = 1', { format: 'JUPYTER' })).body).toMatchObject({
    error_code: 'INVALID_PARAMETER_VALUE',
    message: 'The notebook is not valid JSON.',
  });
  const wrong = await importAs(admin, '/Shared/a', 'x', { format: 'SOURCE', language: 'COBOL' });
  expect(wrong.body.message).toContain('PYTHON, SQL, SCALA, R');
  await importAs(admin, '/Shared/a', source, { format: 'SOURCE', language: 'PYTHON' });
  expect((await admin.get('/api/2.0/workspace/export?path=/Shared/a&format=HTML')).status).toBe(400);
});
