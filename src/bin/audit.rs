//! The `audit` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{audit, exit};

fn main() -> ExitCode {
    exit::main("audit", |screen| {
        audit::start(env::args_os().collect(), screen)
    })
}
