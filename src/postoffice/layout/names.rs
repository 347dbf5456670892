//! The files with fixed names. Constants carry the published spelling, without `.GLB`.

use super::{Dir, File};

macro_rules! files {
    ($($(#[doc = $doc:literal])+ $constant:ident = $dir:ident $name:literal;)+) => {
        $($(#[doc = $doc])+ pub const $constant: File = File::fixed(Dir::$dir, $name);)+

        /// Every file with a fixed name.
        pub const FIXED: &[File] = &[$($constant),+];
    };
}

files! {
    /// Local users: environment and privileges (586 per user).
    ACCESS = Glb "ACCESS.GLB";
    /// Local users: mailbox and name (69 per user).
    ACCESS2 = Glb "ACCESS2.GLB";
    /// Local users: remote access and folders (512 per user).
    ACCESS3 = Glb "ACCESS3.GLB";
    /// Counters that name new files.
    CONTROL = Glb "CONTROL.GLB";
    /// Counter of tuple identifiers.
    TID = Glb "TID.GLB";
    /// Counter that EXTERNAL polls.
    RNETSEM = Glb "RNETSEM.GLB";
    /// Lock and change marker; never renamed or replaced.
    FLAG = Glb "FLAG.GLB";
    /// Defaults for new users.
    GLOBAL = Glb "GLOBAL.GLB";
    /// Who this postoffice is.
    MASTER = Glb "MASTER.GLB";
    /// Modem settings.
    MODEM = Glb "MODEM.GLB";
    /// Groups.
    GROUP = Glb "GROUP.GLB";
    /// Which groups a local user is in.
    GRPMEM = Glb "GRPMEM.GLB";
    /// Addresses of external users in the postoffice list.
    NETPO = Glb "NETPO.GLB";
    /// Networks and gateways that can be addressed.
    NETWORK = Glb "NETWORK.GLB";
    /// Schedule.
    PROCESS = Glb "PROCESS.GLB";
    /// Dynamic drives.
    SERVER = Glb "SERVER.GLB";
    /// Requestor configuration.
    REQCONF = Glb "REQCONF.GLB";
    /// Server configuration; only on a dir-sync server.
    SRVCONF = Glb "SRVCONF.GLB";
    /// Requestor's transactions waiting to be sent.
    REQTRANS = Glb "REQTRANS.GLB";
    /// Server's transactions waiting to be applied.
    SRVTRANS = Glb "SRVTRANS.GLB";
    /// Master transaction list; only on a dir-sync server.
    MSTTRANS = Glb "MSTTRANS.GLB";
    /// Import's queue for lists of postoffices.
    USRTRANS = Glb "USRTRANS.GLB";
    /// Import's queue for the postoffice list.
    NMETRANS = Glb "NMETRANS.GLB";
    /// Import's queue for gateway lists.
    GWTRANS = Glb "GWTRANS.GLB";
    /// Full list carried by hand.
    RESYNC = Glb "RESYNC.GLB";
    /// Server's updates being sent.
    SRVUPDS = Glb "SRVUPDS.GLB";
    /// Requestor's updates being sent.
    REQUPDS = Glb "REQUPDS.GLB";
    /// Attachment being made from SRVUPDS.
    TMPTRANS = Glb "TMPTRANS.GLB";
    /// Work file of the original import.
    IUSRTRAN = Glb "IUSRTRAN.GLB";
    /// Work file of the original import.
    INMETRAN = Glb "INMETRAN.GLB";
    /// Work file of the original import.
    IGWTRANS = Glb "IGWTRANS.GLB";
    /// Guard of the original import; a leftover gave error 45 (Q112301).
    SORTLOCK = Glb "SORTLOCK.GLB";
    /// Work file of the original import.
    ILOCAL = Glb "ILOCAL.GLB";
    /// Work file of the original import.
    INDEX = Glb "INDEX.GLB";
    /// Word index of the GAL.
    GALINDEX = Glb "GALINDEX.GLB";
    /// Name of GALINDEX until all three GAL files are ready.
    GALINDEX_TEMPORARY = Glb "GALINDE$.GLB";
    /// Addresses of external GAL entries.
    GALNETPO = Glb "GALNETPO.GLB";
    /// Name of GALNETPO until all three GAL files are ready.
    TMPNETPO = Glb "TMPNETPO.GLB";
    /// Work file of the index.
    GALTMP = Glb "GALTMP.GLB";
    /// Sort table, code page 850.
    C850SORT = Glb "C850SORT.GLB";
    /// Sort table, code page 850, international.
    C850INT = Glb "C850INT.GLB";
    /// Sort table, code page 850, Scandinavian.
    C850SCAN = Glb "C850SCAN.GLB";
    /// Sort table, ANSI.
    ANSISORT = Glb "ANSISORT.GLB";
    /// Sort table, ANSI, international.
    ANSIINT = Glb "ANSIINT.GLB";
    /// Sort table, ANSI, Scandinavian.
    ANSISCAN = Glb "ANSISCAN.GLB";
    /// Message texts of the dir-sync programs.
    DS_MSG = Glb "DS_MSG.GLB";
    /// Message texts of ADMIN.
    ERRORADM = Glb "ERRORADM.GLB";
    /// Message texts of DYNADMIN.
    ERRORDYN = Glb "ERRORDYN.GLB";
    /// Message texts of the DOS client.
    ENGMAI = Glb "ENGMAI.GLB";
    /// Message texts of the DOS monitor.
    ENGMON = Glb "ENGMON.GLB";
    /// Translation table.
    TRANSFIL = Glb "TRANSFIL.GLB";
    /// Message to new users.
    WELCOME = Glb "WELCOME.GLB";
    /// List for remote users.
    RNETWORK = Glb "RNETWORK.GLB";
    /// Flag by existence: the original then wrote lower-case names.
    LOWRCASE = Glb "LOWRCASE.GLB";
    /// Leftover of the original setup.
    DELTID = Glb "DELTID.GLB";
    /// Leftover of the original setup.
    NPTRANS = Glb "NPTRANS.GLB";
    /// Ours: marks of entries made by hand.
    DIRSYNC_OWN = Glb "DIRSYNC.OWN";
    /// Ours: hash of the administrator's password.
    DIRSYNC_PWD = Glb "DIRSYNC.PWD";
    /// Ours: Message-IDs of dir-sync mail already taken.
    DIRSYNC_IDS = Glb "DIRSYNC.IDS";
    /// Ours: entries that are sent again on request.
    DIRSYNC_TCH = Glb "DIRSYNC.TCH";
    /// Ours: journal of a committed batch.
    DIRSYNC_JNL = Glb "DIRSYNC.JNL";
    /// Ours: who holds FLAG.GLB.
    DIRSYNC_LCK = Glb "DIRSYNC.LCK";
    /// Held by the one dispatcher that serves the postoffice, and there only as long (Q118621).
    DISPATCH_LCK = Glb "DISPATCH.LCK";
    /// Postoffice list.
    ADMIN_NME = Nme "ADMIN.NME";
    /// Shadow of the postoffice list.
    ADMINSHD_NME = Nme "ADMINSHD.NME";
    /// View list.
    VIEW_NME = Nme "VIEW.NME";
    /// Global address list.
    GAL_NME = Nme "GAL.NME";
    /// Name of the GAL when GAL.NME could not be replaced (Q148364).
    GAL_FALLBACK = Nme "GAL$.NME";
    /// Name of the GAL until all three GAL files are ready.
    GAL_TEMPORARY = Nme "TMP00003.NME";
    /// Leftover of REBUILD.
    TMPACC2 = Nme "TMPACC2.NME";
    /// Leftover of REBUILD.
    TMPGRP = Nme "TMPGRP.NME";
    /// Members of the groups in the postoffice list.
    ADMIN_GRP = Grp "ADMIN.GRP";
    /// Shadow of ADMIN.GRP.
    ADMINSHD_GRP = Grp "ADMINSHD.GRP";
    /// Name of a list until it replaces `<hexid>.USR` (Q134228).
    IMPORT_USR = Usr "IMPORT.USR";
    /// Name of template information until it replaces `<hexid>.INF`.
    IMPORT_INF = Inf "IMPORT.INF";
    /// Template information of local users.
    ADMIN_INF = Inf "ADMIN.INF";
    /// Template of local users.
    ADMIN_TPL = Tpl "ADMIN.TPL";
    /// Bitmap of the outbound mailbag.
    INQUEUE_KEY = Key "INQUEUE.KEY";
    /// Bitmap of the mailbag for all mail from outside.
    INQUEUE3_KEY = Key "INQUEUE3.KEY";
    /// Bitmap of the dir-sync mailbag.
    SYSTEM_KEY = Key "SYSTEM.KEY";
    /// Outbound mailbag.
    INQUEUE_MBG = Mbg "INQUEUE.MBG";
    /// Mailbag for all mail from outside.
    INQUEUE3_MBG = Mbg "INQUEUE3.MBG";
    /// Mailbag of `$SYSTEM`.
    SYSTEM_MBG = Mbg "SYSTEM.MBG";
    /// Next folder number.
    SERIALNO_IDX = Folders "SERIALNO.IDX";
    /// Index of the shared folders.
    FOLDROOT_IDX = FoldersPub "FOLDROOT.IDX";
    /// Log of this postoffice, text form.
    DIRSYNC_LOG = Log "DIRSYNC.LOG";
    /// Log sent to the server at the next T1, numeric form.
    DSSERVER_LOG = Log "DSSERVER.LOG";
    /// Reports of all requestors, on the server.
    CENTRAL_LOG = Log "CENTRAL.LOG";
    /// Session log of the dispatcher.
    DISPATCH_LOG = Log "DISPATCH.LOG";
    /// Session log of EXTERNAL.
    SESSION_LOG = Log "SESSION.LOG";
    /// Mail sent by EXTERNAL.
    SENT_LOG = Log "SENT.LOG";
    /// Mail received by EXTERNAL.
    RECV_LOG = Log "RECV.LOG";
    /// Mail failures of EXTERNAL.
    SYSTEM_LOG = Log "SYSTEM.LOG";
    /// Default `-l` log of import.
    IMPORT_LOG = Log "IMPORT.LOG";
}
