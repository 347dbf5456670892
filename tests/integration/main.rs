//! One test binary, one module per theme.

mod hostile_lists;
mod import_command_line_cases;
mod import_file_cases;
mod vectors_lists;
