//! Branches of organizations, each with a real directory server, around the hub's own table.

mod carried;
mod faults;
mod history;
mod identity;
mod numbers;
mod scene;
mod settings;
mod taken;
