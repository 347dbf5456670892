//! The `dxa` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{dxa, exit};

fn main() -> ExitCode {
    exit::main("dxa", |screen| dxa::start(env::args_os().collect(), screen))
}
