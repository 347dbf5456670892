//! A new postoffice is, file by file and byte by byte of its sizes, the one of Q135868.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dirsync::address::PostofficeName;
use dirsync::codec::codepage::CodePage;
use dirsync::codec::{
    Access2Record, AccessFlags, AliasKind, Control, HexId, NetworkRecord, NmeRecord, Tid,
};
use dirsync::postoffice::layout::{self, File};
use dirsync::postoffice::{Holder, Layout, Postoffice, PostofficeError, Role, setup};
use serde_json::Value;

const VECTORS: &str = include_str!("../../testdata/spec/vectors.json");

fn vectors(key: &str) -> Value {
    serde_json::from_str::<Value>(VECTORS).unwrap()[key].clone()
}

fn create(path: &Path) -> Result<(), PostofficeError> {
    let name = PostofficeName::parse(b"NET/PO1", CodePage::Cp850).unwrap();
    setup::create(path, &name, CodePage::Cp850)
}

/// Sizes of all files and names of all directories below a root, with `/` between their parts.
fn tree(root: &Path) -> (BTreeMap<String, u64>, Vec<String>) {
    let (mut files, mut dirs) = (BTreeMap::new(), Vec::new());
    let mut todo = vec![root.to_owned()];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if path.is_dir() {
                dirs.push(name);
                todo.push(path);
            } else {
                files.insert(name, fs::metadata(path).unwrap().len());
            }
        }
    }
    dirs.sort();
    (files, dirs)
}

#[test]
fn fresh_install_has_the_published_files_and_sizes_and_no_other() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("PO1");
    create(&path).unwrap();
    let fresh = vectors("fresh_install");
    let mut expected = BTreeMap::new();
    for (dir, files) in fresh["files"].as_object().unwrap() {
        for (file, size) in files.as_object().unwrap() {
            expected.insert(format!("{dir}/{file}"), size.as_u64().unwrap());
        }
    }
    let (files, dirs) = tree(&path);
    for dir in &dirs {
        let size = fresh["populate_msm"]["size"].as_u64().unwrap();
        expected.insert(format!("{dir}/POPULATE.MSM"), size);
    }
    assert_eq!(files, expected);
    for file in fresh["not_present_after_install"].as_array().unwrap() {
        assert!(!files.contains_key(file.as_str().unwrap()), "{file}");
    }
    let stray: Vec<_> = fs::read_dir(root.path()).unwrap().collect();
    assert_eq!(stray.len(), 1, "{stray:?}");
}

#[test]
fn directories_are_the_published_ones_and_those_of_the_folders() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("PO1");
    create(&path).unwrap();
    let published = vectors("directories");
    let mut expected: Vec<String> = Vec::new();
    for (key, parent) in [("top", ""), ("att", "ATT/"), ("mai", "MAI/")] {
        for name in published[key].as_array().unwrap() {
            expected.push(format!("{parent}{}", name.as_str().unwrap()));
        }
    }
    assert_eq!(expected.len() as u64, published["count"].as_u64().unwrap());
    for folders in ["FOLDERS/LOC", "FOLDERS/LOC/00000000", "FOLDERS/PUB"] {
        expected.push(folders.to_owned());
    }
    expected.sort();
    assert_eq!(tree(&path).1, expected);
}

#[test]
fn idle_state_holds_from_the_beginning() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("PO1");
    create(&path).unwrap();
    let idle = vectors("idle_state");
    let (files, _) = tree(&path);
    for file in idle["zero_bytes"].as_array().unwrap() {
        assert_eq!(files[file.as_str().unwrap()], 0, "{file}");
    }
    let absent = idle["absent"].as_array().unwrap().iter();
    let other = idle["absent_other"].as_array().unwrap().iter();
    for file in absent.chain(other.map(|o| &o["file"])) {
        let file = file.as_str().unwrap();
        if file == "GLB/SORTxxxx.GLB" {
            assert!(!files.keys().any(|f| f.starts_with("GLB/SORT")), "{file}");
        }
        assert!(!files.contains_key(file), "{file}");
    }
}

#[test]
fn there_is_one_user_and_one_network() {
    let root = tempfile::tempdir().unwrap();
    create(&root.path().join("PO1")).unwrap();
    // In any letter case, as an operator may type it.
    let postoffice = Postoffice::open_read(&root.path().join("po1")).unwrap();
    assert_eq!(postoffice.name().network(), b"NET");
    assert_eq!(postoffice.name().postoffice(), b"PO1");
    assert_eq!(postoffice.code_page(), CodePage::Cp850);
    assert_eq!(postoffice.role().unwrap(), Role::Requestor);
    let layout = postoffice.layout();

    let user: Access2Record = layout.read_record(&layout::ACCESS2).unwrap().unwrap();
    assert!(user.state.is_active());
    assert_eq!(user.mailbox.as_bytes(), b"Admin");
    assert_eq!(user.name.as_bytes(), b"Administrator");
    assert_eq!(user.mailbag.id(), Some(HexId(0)));
    assert!(user.flags.contains(AccessFlags::ADMINISTRATOR));
    let entry: NmeRecord = layout.read_record(&layout::ADMIN_NME).unwrap().unwrap();
    assert_eq!(entry.kind, AliasKind::Local);
    assert_eq!(entry.name.as_bytes(), b"Administrator");
    assert_eq!((entry.tid, entry.pointer, entry.id), (1, 0, HexId(0)));
    assert_eq!(user.tid, entry.tid);
    let network: NetworkRecord = layout.read_record(&layout::NETWORK).unwrap().unwrap();
    assert!(network.state.is_active());
    assert_eq!(network.name.as_bytes(), b"NET");
    let tid: Tid = layout.read_record(&layout::TID).unwrap().unwrap();
    assert_eq!(tid.last, 1);
    let control: Control = layout.read_record(&layout::CONTROL).unwrap().unwrap();
    assert_eq!(control.nmailbag, 1);
}

#[test]
fn message_texts_and_welcome_can_be_read() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("PO1");
    create(&path).unwrap();
    let texts = fs::read(path.join("GLB/DS_MSG.GLB")).unwrap();
    let slot = |number: usize| {
        let slot = &texts[number * 128..][..128];
        let end = slot.iter().position(|&b| b == 0).unwrap();
        String::from_utf8(slot[..end].to_vec()).unwrap()
    };
    assert_eq!(slot(27), "Alias already exists");
    assert_eq!(slot(249), "Not enough free file handles");
    assert_eq!(slot(11), "");
    let welcome = fs::read_to_string(path.join("GLB/WELCOME.GLB")).unwrap();
    // Q108841: at least 78 dashes part header and body.
    assert!(welcome.lines().any(|line| line == "-".repeat(78)));
}

#[test]
fn a_name_that_is_taken_is_refused_and_an_empty_directory_is_not() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("PO1");
    fs::create_dir(&path).unwrap();
    create(&path).unwrap();
    let before = tree(&path);
    let error = create(&path).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{}: exists and is not empty", path.display())
    );
    assert_eq!(error.exit_code(), 73);
    assert_eq!(tree(&path), before);

    let file = root.path().join("FILE");
    fs::write(&file, "x").unwrap();
    assert!(matches!(create(&file), Err(PostofficeError::Exists { .. })));
    assert_eq!(fs::read(&file).unwrap(), b"x");
}

#[test]
fn nothing_stays_behind_where_nothing_can_be_made() {
    let root = tempfile::tempdir().unwrap();
    let error = create(&root.path().join("MISSING").join("PO1")).unwrap_err();
    assert_eq!(error.exit_code(), 73);
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn every_fixed_file_of_a_new_postoffice_is_known_to_the_layout() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("PO1");
    create(&path).unwrap();
    let layout = Layout::open(&path).unwrap();
    let own = [
        File::grp(HexId(0)),
        File::key(HexId(0)),
        File::mbg(HexId(0)),
        File::nme(HexId(0)),
        File::folder_index(HexId(0)),
    ];
    let known = layout::FIXED.iter().chain(&own);
    let found = known.filter(|file| layout.exists(file).unwrap()).count();
    let (files, dirs) = tree(&path);
    assert_eq!(found, files.len() - dirs.len());
}

#[test]
fn a_new_postoffice_can_be_written_to() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("PO1");
    create(&path).unwrap();
    let now = "2026-11-21T08:30:00[UTC]".parse().unwrap();
    let holder = Holder::new("admin", "Admin", "Administrator", now);
    let postoffice = Postoffice::open_write(&path, holder).unwrap();
    let batch = postoffice.batch().unwrap();
    batch.truncate(&layout::MSTTRANS).unwrap();
    batch.bump_flag();
    batch.commit().unwrap();
    assert_eq!(tree(&path).0["GLB/MSTTRANS.GLB"], 0);
    assert_eq!(fs::read(path.join("GLB/FLAG.GLB")).unwrap(), [1, 0]);
}
