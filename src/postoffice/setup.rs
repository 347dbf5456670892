//! Makes a new postoffice: the directories, files and sizes of a 3.5 installation (`spec/files.md` section 2, Q135868).
//!
//! Files of which only the size is published are zero bytes. FLAG.GLB, the GAL and the server's files are
//! made when they are first needed, as by the original.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::batch::{sync_directory, sync_filesystem};
use super::error::{AtPath, PostofficeError};
use super::layout::{self, Dir, File};
use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::codec::master::Master;
use crate::codec::{
    Access2Record, AccessFlags, AccessRecord, AliasKind, Control, FixedText, HexId, HexText,
    NetworkKind, NetworkRecord, NmeRecord, Record, RecordState, Tid,
};
use crate::messages;

/// Mailbox of the first user.
pub const ADMIN_MAILBOX: &str = "Admin";

/// Full name of the first user.
pub const ADMIN_NAME: &str = "Administrator";

/// Identifier of the first user: no other has 0.
pub const ADMIN_ID: HexId = HexId(0);

/// Tuple identifier of the first user.
pub const ADMIN_TID: u32 = 1;

/// Slots of DS_MSG.GLB, 128 bytes each (32512 = 254 * 128).
const DS_MSG_SLOTS: usize = 254;

/// Bytes of one slot.
const DS_MSG_SLOT_LEN: usize = 128;

/// The message to new users; 78 dashes part its header from its body (Q108841). The size is published, the text ours.
const WELCOME: &str = "\
From:     Administrator\r
Subject:  Welcome to electronic mail\r
\r
------------------------------------------------------------------------------\r
\r
Welcome to electronic mail.\r
\r
With it you can send messages and files to the people in your postoffice and,\r
where your administrator has connected them, in other postoffices and behind\r
gateways. The address lists are kept in step with each other, so that you\r
find everybody under one name.\r
\r
Please choose a password that nobody can guess, and do not tell it to others.\r
If something does not work as you expect it to, ask your administrator by a message.\r
";

const _: () = assert!(WELCOME.len() == 609);

/// Makes a new postoffice with one user, Admin (full name Administrator), and its own network.
///
/// It is built beside `path` and renamed there, so that there is a whole postoffice or none. `path` may be
/// an empty directory.
///
/// # Errors
/// [`PostofficeError::Exists`] when something is there; a name does not fit; nothing can be written there.
pub fn create(
    path: &Path,
    name: &PostofficeName,
    code_page: CodePage,
) -> Result<(), PostofficeError> {
    let files = files(name, code_page)?;
    let is_free = match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(e) => e.kind() == io::ErrorKind::NotFound,
    };
    if !is_free {
        return Err(PostofficeError::Exists {
            path: path.to_owned(),
        });
    }
    let (parent, building) = sibling(path)?;
    fs::create_dir(&building).writing(&building)?;
    let built = build(&building, &files).and_then(|()| {
        fs::rename(&building, path).writing(path)?;
        sync_directory(&parent)
    });
    if built.is_err() && building.exists() {
        // The first error is the one to report; what stays says by its name what it is.
        let _ = fs::remove_dir_all(&building);
    }
    built
}

/// Names the directory to build in: beside the target, so that one rename brings all in place.
fn sibling(path: &Path) -> Result<(PathBuf, PathBuf), PostofficeError> {
    let name = path.file_name().ok_or_else(|| PostofficeError::Setup {
        field: "path",
        reason: format!("{} names no directory", path.display()),
    })?;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut building = std::ffi::OsString::from(".");
    building.push(name);
    building.push(format!(".setup-{}", std::process::id()));
    let building = parent.join(building);
    Ok((parent, building))
}

fn build(root: &Path, files: &[(File, Vec<u8>)]) -> Result<(), PostofficeError> {
    let folders = [Dir::FoldersLoc, Dir::FoldersUser(ADMIN_ID), Dir::FoldersPub];
    for dir in Dir::published().chain(folders) {
        let path = root.join(dir.to_string());
        fs::create_dir(&path).writing(&path)?;
        write(root, &File::populate(dir), b"\0")?;
    }
    for (file, bytes) in files {
        write(root, file, bytes)?;
    }
    if !sync_filesystem(root)? {
        sync_tree(root)?;
    }
    Ok(())
}

fn write(root: &Path, file: &File, bytes: &[u8]) -> Result<(), PostofficeError> {
    let path = root.join(file.to_string());
    fs::write(&path, bytes).writing(&path)
}

fn sync_tree(path: &Path) -> Result<(), PostofficeError> {
    for entry in fs::read_dir(path).reading(path)? {
        let entry = entry.reading(path)?.path();
        if entry.is_dir() {
            sync_tree(&entry)?;
        } else {
            let file = fs::File::open(&entry).writing(&entry)?;
            file.sync_all().writing(&entry)?;
        }
    }
    sync_directory(path)
}

/// Returns every file of a new postoffice but for POPULATE.MSM.
fn files(
    name: &PostofficeName,
    code_page: CodePage,
) -> Result<Vec<(File, Vec<u8>)>, PostofficeError> {
    let network = field("network", name.network())?;
    let postoffice = field("postoffice", name.postoffice())?;
    let master = Master {
        code_page_id: code_page.id(),
        network,
        postoffice,
        stored_hop_count: Master::DEFAULT_HOP_COUNT,
        ..Master::default()
    };
    let mailbox = field("mailbox", ADMIN_MAILBOX.as_bytes())?;
    let full_name = field("full name", ADMIN_NAME.as_bytes())?;
    let mut access2 = Access2Record::new(mailbox, full_name, HexText::from(ADMIN_ID), ADMIN_TID);
    access2.flags = AccessFlags::ADMINISTRATOR.with(AccessFlags::IN_DIRSYNC, true);
    let access = AccessRecord {
        state: RecordState::Active,
        ..AccessRecord::default()
    };
    let access3 = crate::codec::Access3Record {
        state: RecordState::Active,
        ..Default::default()
    };
    let mut entry = NmeRecord::new(AliasKind::Local, full_name, ADMIN_TID);
    entry.id = ADMIN_ID;
    let control = Control {
        nmailbag: ADMIN_ID.0 + 1,
        nletter: 1,
    };
    let network = NetworkRecord::new(NetworkKind::Pcm, network);

    let mut files = vec![
        (layout::MASTER, record(&master)),
        (layout::ACCESS, record(&access)),
        (layout::ACCESS2, record(&access2)),
        (layout::ACCESS3, record(&access3)),
        (layout::ADMIN_NME, record(&entry)),
        (layout::CONTROL, record(&control)),
        (layout::TID, record(&Tid { last: ADMIN_TID })),
        (layout::NETWORK, record(&network)),
        (layout::DS_MSG, message_texts()),
        (layout::WELCOME, WELCOME.as_bytes().to_vec()),
    ];
    let zeroes = [
        (layout::MODEM, 64),
        (layout::GLOBAL, 512),
        (layout::GROUP, 4),
        (layout::GRPMEM, 4),
        (layout::NETPO, 4),
        (layout::REQTRANS, 0),
        (layout::SRVTRANS, 0),
        (layout::USRTRANS, 0),
        (layout::GWTRANS, 0),
        (layout::NMETRANS, 0),
        (layout::REQCONF, 512),
        (layout::PROCESS, 512),
        (layout::ANSISORT, 795),
        (layout::C850SORT, 795),
        (layout::TRANSFIL, 1603),
        (layout::ERRORADM, 22272),
        (layout::ERRORDYN, 1920),
        (layout::ENGMAI, 18304),
        (layout::ENGMON, 4096),
        (layout::ADMIN_GRP, 8),
        (File::grp(ADMIN_ID), 8),
        (File::key(ADMIN_ID), 560),
        (layout::INQUEUE_KEY, 560),
        (layout::INQUEUE3_KEY, 560),
        (layout::SYSTEM_KEY, 560),
        (File::mbg(ADMIN_ID), 0),
        (layout::INQUEUE_MBG, 0),
        (layout::INQUEUE3_MBG, 0),
        (layout::SYSTEM_MBG, 0),
        (File::nme(ADMIN_ID), 0),
        (layout::VIEW_NME, 0),
        (layout::SERIALNO_IDX, 4),
        (layout::FOLDROOT_IDX, 100),
        (File::folder_index(ADMIN_ID), 100),
    ];
    files.extend(zeroes.map(|(file, len)| (file, vec![0; len])));
    Ok(files)
}

fn record<T: Record>(record: &T) -> Vec<u8> {
    let mut bytes = vec![0; T::LEN];
    record.encode(&mut bytes);
    bytes
}

fn field<const N: usize>(
    field: &'static str,
    text: &[u8],
) -> Result<FixedText<N>, PostofficeError> {
    FixedText::new(text).map_err(|e| PostofficeError::Setup {
        field,
        reason: e.to_string(),
    })
}

/// Returns DS_MSG.GLB: the texts in slots by number, NUL behind each.
fn message_texts() -> Vec<u8> {
    let mut bytes = vec![0; DS_MSG_SLOTS * DS_MSG_SLOT_LEN];
    for definition in messages::all() {
        let start = usize::from(definition.number) * DS_MSG_SLOT_LEN;
        let text = definition.text.as_bytes();
        bytes[start..start + text.len()].copy_from_slice(text);
    }
    bytes
}
