//! The `nsda` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{exit, nsda};

fn main() -> ExitCode {
    exit::main_with("nsda", nsda::End::of_error, |screen| {
        nsda::start(env::args_os().collect(), screen)
    })
}
