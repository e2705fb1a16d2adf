/** The tracking room's tables. Metrics keep every point; the latest of each key is kept beside them for searching. */
export const mlflowTables = [
  `create table mlflow_experiments (
     experiment_id text primary key, name text not null unique, artifact_location text not null,
     lifecycle_stage text not null, creation_time integer not null, last_update_time integer not null)`,
  `create table mlflow_experiment_tags (
     experiment_id text not null, key text not null, value text not null,
     primary key (experiment_id, key)) without rowid`,
  `create table mlflow_runs (
     run_id text primary key, experiment_id text not null, run_name text not null, user_id text not null,
     status text not null, start_time integer not null, end_time integer, lifecycle_stage text not null,
     artifact_uri text not null)`,
  'create index mlflow_runs_by_experiment on mlflow_runs (experiment_id, start_time desc)',
  `create table mlflow_params (
     run_id text not null, key text not null, value text not null, primary key (run_id, key)) without rowid`,
  `create table mlflow_tags (
     run_id text not null, key text not null, value text not null, primary key (run_id, key)) without rowid`,
  'create index mlflow_tags_by_value on mlflow_tags (key, value)',
  `create table mlflow_metrics (
     run_id text not null, key text not null, step integer not null, timestamp integer not null,
     value real not null, is_nan integer not null, model_id text, dataset_name text, dataset_digest text,
     primary key (run_id, key, step, timestamp, value, is_nan)) without rowid`,
  'create index mlflow_metrics_by_model on mlflow_metrics (model_id) where model_id is not null',
  `create table mlflow_latest_metrics (
     run_id text not null, key text not null, step integer not null, timestamp integer not null,
     value real not null, is_nan integer not null, primary key (run_id, key)) without rowid`,
  'create index mlflow_latest_by_value on mlflow_latest_metrics (key, value)',
  `create table mlflow_run_datasets (
     run_id text not null, name text not null, digest text not null, input text not null,
     primary key (run_id, name, digest)) without rowid`,
  `create table mlflow_run_models (
     run_id text not null, direction text not null, model_id text not null, step integer not null,
     primary key (run_id, direction, model_id, step)) without rowid`,
  `create table mlflow_logged_models (
     model_id text primary key, experiment_id text not null, name text not null, model_type text,
     source_run_id text, status text not null, creation_time integer not null, last_update_time integer not null,
     artifact_uri text not null)`,
  'create index mlflow_logged_models_by_experiment on mlflow_logged_models (experiment_id, creation_time desc)',
  `create table mlflow_logged_model_params (
     model_id text not null, key text not null, value text not null, primary key (model_id, key)) without rowid`,
  `create table mlflow_logged_model_tags (
     model_id text not null, key text not null, value text not null, primary key (model_id, key)) without rowid`,
];
