//! The `admin` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{admin, exit};

fn main() -> ExitCode {
    exit::main("admin", |screen| {
        admin::start(env::args_os().collect(), screen)
    })
}
