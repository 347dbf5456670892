//! One test binary, one module per theme.

mod batch_crash;
mod hostile_codec_config;
mod hostile_lists;
mod import_command_line_cases;
mod import_file_cases;
mod logs;
mod postoffice_open;
mod setup;
mod vectors_config;
mod vectors_lists;
