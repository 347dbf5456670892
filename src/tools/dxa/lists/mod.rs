//! Lists as files: what lies in the drop folder, what is made for requestors, and an import container as LDIF.

pub(super) mod dropfolder;
pub(super) mod dropped;
pub(super) mod export;
pub(super) mod listfile;
pub(super) mod listing;
pub(super) mod listout;
pub(super) mod listowner;
pub(super) mod resync;
