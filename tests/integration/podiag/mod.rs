//! `podiag`: each check by a postoffice with exactly its fault, healthy postoffices, repairs, and hostile bytes.

mod bases;
mod cases;
mod faults;
mod healthy;
mod hostile;
mod program;
mod repairs;
mod scale;
