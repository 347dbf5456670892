//! One test binary, one module per theme.

mod hostile_codec_config;
mod hostile_lists;
mod import_command_line_cases;
mod import_file_cases;
mod vectors_config;
mod vectors_lists;
