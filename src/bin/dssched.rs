//! The `dssched` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{dssched, exit};

fn main() -> ExitCode {
    exit::main("dssched", |screen| {
        dssched::start(env::args_os().collect(), screen)
    })
}
