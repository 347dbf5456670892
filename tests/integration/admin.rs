//! `admin` through the real program: what stands in the files after each word.

mod dirsync;
mod groups;
mod places;
mod site;
mod users;
