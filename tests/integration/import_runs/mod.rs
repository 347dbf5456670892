//! `import` on real postoffices: the scenarios of `spec/import-cases.jsonl`, each by its id.

mod feed;
mod logs;
mod queue;
mod text;
