//! One test binary, one module per theme.
mod import_file_cases;

mod hostile_lists;
mod vectors_lists;
