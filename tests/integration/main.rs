//! One test binary, one module per theme.

mod acceptance_command_line;
mod acceptance_disk;
mod acceptance_guard;
mod acceptance_logs;
mod acceptance_ownership;
mod acceptance_queue;
mod admin;
mod audit;
mod batch_crash;
mod case_ids;
mod convergence;
mod cycle;
mod directory;
mod dssched;
#[cfg(feature = "ldap")]
mod dxa;
mod external;
mod extract;
mod hostile_codec_config;
mod hostile_lists;
mod import_command_line_cases;
mod import_file_cases;
mod import_runs;
#[cfg(feature = "ldap")]
mod interorg;
#[cfg(feature = "ldap")]
mod interorg_branch;
mod ldif;
mod listds;
mod listq;
mod logs;
mod nsda;
mod podiag;
mod postoffice_open;
mod probe;
mod readme;
mod rebuild;
mod resync_apply;
mod resync_create;
mod scene;
mod setup;
#[allow(dead_code, reason = "every theme uses its part")]
mod support;
mod tour;
mod vectors_config;
mod vectors_lists;
