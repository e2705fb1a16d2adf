import { expect, test } from 'vitest';
import { readJupyter, writeJupyter } from '../../../../src/emulator/databricks/notebook/jupyter-format.ts';
import { readSource, writeSource } from '../../../../src/emulator/databricks/notebook/source-format.ts';
import { planNotebook } from '../../../../src/emulator/databricks/notebook/steps.ts';

const source = `# Databricks notebook source
# MAGIC %md
# MAGIC # Wine
# MAGIC
# MAGIC Some text

# COMMAND ----------

# DBTITLE 1,Numbers
x = 1

y = """
# not MAGIC
"""

# COMMAND ----------

# MAGIC %run ./lib/names $who="you and me" $n=3

# COMMAND ----------

# MAGIC %sh echo hello
`;

test('source format is read into cells with their magics and written back byte for byte', () => {
  const cells = readSource(source, 'PYTHON');
  expect(cells).toEqual([
    { text: '%md\n# Wine\n\nSome text' },
    { text: 'x = 1\n\ny = """\n# not MAGIC\n"""', title: 'Numbers' },
    { text: '%run ./lib/names $who="you and me" $n=3' },
    { text: '%sh echo hello' },
  ]);
  expect(writeSource(cells, 'PYTHON')).toBe(source);
});

test('source without the header, with CRLF and with a byte order mark is a notebook all the same', () => {
  expect(readSource('\uFEFF# Databricks notebook source\r\nx = 1\r\n', 'PYTHON')).toEqual([
    { text: 'x = 1' },
  ]);
  expect(readSource('select 1\n-- COMMAND ----------\n-- MAGIC %md hi', 'SQL')).toEqual([
    { text: 'select 1' },
    { text: '%md hi' },
  ]);
});

test('Jupyter cells keep their text on the way there and back; raw and empty ones are left out', () => {
  const cells = readJupyter(
    JSON.stringify({
      cells: [
        { cell_type: 'markdown', source: ['# Title\n', 'text'] },
        { cell_type: 'code', source: '%%sh\nls' },
        { cell_type: 'code', source: ['x = 1\n', 'x'] },
        { cell_type: 'raw', source: 'nothing' },
        { cell_type: 'code', source: [] },
      ],
      nbformat: 4,
    }),
  );
  expect(cells).toEqual([{ text: '%md\n# Title\ntext' }, { text: '%sh\nls' }, { text: 'x = 1\nx' }]);
  expect(readJupyter(writeJupyter(cells, 'PYTHON'))).toEqual(cells);
  expect(() => readJupyter('{"worksheets": []}')).toThrow('only nbformat 4');
});

test('a plan numbers the cells as they stand, collects what %pip asks for and refuses what it does not know', () => {
  const { steps, requirements } = planNotebook(
    [
      '%md text',
      '%pip install -q "pandas==2.1" scikit-learn -r requirements.txt',
      'x = 1\n%pip install tabulate\nprint(x)',
      '%run "./with space" $a="1" $b=two',
      '%sql select 1',
      '%pip uninstall x',
      '%pip install --target /tmp x',
      '%run ./a and more',
      '%python\ny = 2',
    ].map((text) => ({ text })),
  );
  expect(requirements).toEqual(['pandas==2.1', 'scikit-learn', '-r requirements.txt', 'tabulate']);
  expect(steps.map(({ cell, kind }) => [cell, kind])).toEqual([
    [2, 'python'],
    [3, 'python'],
    [4, 'run'],
    [5, 'refused'],
    [6, 'refused'],
    [7, 'refused'],
    [8, 'refused'],
    [9, 'python'],
  ]);
  expect(steps[2]).toMatchObject({ path: './with space', widgets: { a: '1', b: 'two' } });
});
