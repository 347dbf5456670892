//! Every check in one table: its id, how bad it is, where it was published, and whether a repair loses nothing.

use super::finding::Severity;

/// What a check is about; findings are grouped by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Theme {
    /// Directories and files as such.
    Files,
    /// Who the postoffice is.
    Identity,
    /// What an interrupted run left.
    Leftovers,
    /// Local users.
    Accounts,
    /// Address lists.
    Lists,
    /// The postoffice list and its groups.
    PostofficeList,
    /// Networks, gateways and other postoffices.
    Places,
    /// The requestor: its configuration and queues.
    Requestor,
    /// The dir-sync server: its configuration and master list.
    Server,
    /// The schedule.
    Schedule,
    /// The global address list.
    GlobalList,
    /// Mailbags and dir-sync mail.
    Mail,
    /// Passwords.
    Security,
}

impl Theme {
    /// Returns the heading of a group of findings.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Identity => "identity",
            Self::Leftovers => "leftovers",
            Self::Accounts => "accounts",
            Self::Lists => "lists",
            Self::PostofficeList => "postoffice list",
            Self::Places => "places",
            Self::Requestor => "requestor",
            Self::Server => "server",
            Self::Schedule => "schedule",
            Self::GlobalList => "global list",
            Self::Mail => "mail",
            Self::Security => "security",
        }
    }
}

/// One check.
#[derive(Debug, PartialEq, Eq)]
pub struct Check {
    /// Its id, which never changes.
    pub id: &'static str,
    /// What it is about.
    pub theme: Theme,
    /// How bad a finding is.
    pub severity: Severity,
    /// What a finding says in general.
    pub title: &'static str,
    /// The articles it rests on, `Q` and a number; none where it guards a choice of ours.
    pub articles: &'static [&'static str],
    /// Whether `podiag --repair` mends it; some findings of the check may still be beyond it.
    pub is_repairable: bool,
}

macro_rules! checks {
    ($($theme:ident { $( $constant:ident = $id:literal $severity:ident $title:literal [$($article:literal)*] $($repair:ident)?; )+ })+) => {
        $($(
            #[doc = $title]
            pub const $constant: Check = Check {
                id: $id,
                theme: Theme::$theme,
                severity: Severity::$severity,
                title: $title,
                articles: &[$($article),*],
                is_repairable: checks!(@repair $($repair)?),
            };
        )+)+

        /// Every check, theme by theme.
        pub static CHECKS: &[&Check] = &[$($(&$constant),+),+];
    };
    (@repair repair) => { true };
    (@repair) => { false };
}

checks! {
    Files {
        DIRECTORY_MISSING = "directory-missing" Error
            "a directory that every postoffice has is missing" ["Q132744" "Q124042" "Q87411" "Q87381" "Q266442"] repair;
        FILE_MISSING = "file-missing" Error
            "a file that every postoffice has is missing" ["Q135868"];
        EMPTY_FILE_MISSING = "empty-file-missing" Warning
            "a queue that is empty when idle is missing" ["Q135868" "Q122750"] repair;
        FILE_UNREADABLE = "file-unreadable" Error
            "a file or directory cannot be read" [];
        NAME_AMBIGUOUS = "name-ambiguous" Error
            "two names differ in letter case only, so neither is used" ["Q103945"];
        FILE_NOT_REGULAR = "file-not-regular" Error
            "something else stands where a file should, so it cannot be replaced" [];
        FILE_READ_ONLY = "file-read-only" Warning
            "a file that programs change has no write bit" ["Q134228" "Q148811" "Q112303"];
        SIZE_WRONG = "size-wrong" Error
            "the size of a file is no whole number of records"
            ["Q77926" "Q119111" "Q128243" "Q123437" "Q103199" "Q121256"] repair;
        SIZE_UNUSUAL = "size-unusual" Remark
            "the size of a message file is not the one its other sizes suggest" ["Q135868"];
        FILE_DAMAGED = "file-damaged" Error
            "a file holds what its layout does not allow" ["Q107443" "Q120449"];
    }
    Identity {
        MASTER_DAMAGED = "master-damaged" Fatal
            "MASTER.GLB cannot be used, so no other program runs" ["Q94259" "Q103199"];
        SERVER_FLAG_WRONG = "server-flag-wrong" Warning
            "MASTER.GLB does not say that this is the dir-sync server" ["Q131423" "Q136487"] repair;
        OWN_NETWORK_MISSING = "own-network-missing" Error
            "the own network is not in NETWORK.GLB" ["Q135868"];
    }
    Leftovers {
        JOURNAL_PENDING = "journal-pending" Error
            "an interrupted run waits to be completed; what else is found may go with it" [] repair;
        STAGING_LEFT = "staging-left" Warning
            "an interrupted run left what it had prepared" [] repair;
        SORTLOCK_LEFT = "sortlock-left" Warning
            "the guard of an interrupted import is left" ["Q112301"] repair;
        TEMPORARY_LEFT = "temporary-left" Warning
            "a work file of an interrupted run is left" ["Q122750" "Q148705" "Q112301" "Q134228" "Q123857" "Q99117"] repair;
        HARMLESS_LEFT = "harmless-left" Remark
            "a work file is left that the next run takes no notice of" ["Q119018" "Q121956" "Q103850"] repair;
        QUEUE_LOCK_LEFT = "queue-lock-left" Remark
            "a lock of the original's mail transfer is left" ["Q119642" "Q128913"] repair;
        DAMAGED_QUEUE_KEPT = "damaged-queue-kept" Warning
            "import kept a damaged queue, and what could not be read of it was not applied" ["Q112301"];
        REPAIR_KEPT = "repair-kept" Remark
            "the files that an earlier repair replaced are still kept" [];
    }
    Accounts {
        ACCOUNT_COUNT = "account-count" Error
            "the three files of the accounts do not hold the same number" ["Q87402" "Q106510" "Q105163"];
        ACCOUNT_STATE = "account-state" Error
            "an account is deleted in one file and not in another" ["Q87465" "Q117646"];
        ACCOUNT_DUPLICATE = "account-duplicate" Error
            "two accounts have the same mailbox" ["Q87402"];
        ACCOUNT_NAME = "account-name" Warning
            "a mailbox name has a character that none may have" ["Q199676" "Q96003"];
        ACCOUNT_UNLISTED = "account-unlisted" Error
            "an account is not in the postoffice list" ["Q107767"];
        MAILBAG_DUPLICATE = "mailbag-duplicate" Error
            "two owners have the same mailbag number" ["Q117738" "Q111556" "Q87386"];
        MAILBAG_COUNTER_LOW = "mailbag-counter-low" Error
            "CONTROL.GLB would give a mailbag number again" ["Q117738" "Q112894" "Q124042" "Q87386"] repair;
        LETTER_COUNTER_LOW = "letter-counter-low" Error
            "CONTROL.GLB would give the number of a message again" ["Q112894" "Q124042" "Q87386" "Q99204"] repair;
        TID_COUNTER_LOW = "tid-counter-low" Error
            "TID.GLB would give a tuple identifier again" ["Q107443" "Q111556" "Q135486"] repair;
        TID_DUPLICATE = "tid-duplicate" Error
            "two entries have the same tuple identifier" ["Q107443" "Q111556" "Q118510" "Q116436"];
        TID_ZERO = "tid-zero" Error
            "an entry has no tuple identifier" ["Q216193" "Q111556"];
    }
    Lists {
        LIST_ORDER = "list-order" Error
            "a list is not in the order of names, so searches miss entries" ["Q126230" "Q86375"];
        NAME_DUPLICATE = "name-duplicate" Error
            "a name stands twice in a list" ["Q96001" "Q118447"];
        NAME_EMPTY = "name-empty" Error
            "an entry of a list has no name" ["Q96002" "Q119240"];
        MAILBOX_EMPTY = "mailbox-empty" Error
            "an entry of a list has no mailbox" ["Q96003" "Q128872"];
        TEXT_UNENDED = "text-unended" Error
            "a text fills its field without an end: something ran over it" ["Q111703" "Q123398"];
        STATE_UNKNOWN = "state-unknown" Error
            "a record is neither in use nor deleted" ["Q148666" "Q86625"];
        LIST_UNDEFINED = "list-undefined" Warning
            "a list belongs to no postoffice or gateway that is defined" ["Q130230" "Q85647"];
        LIST_MISSING = "list-missing" Remark
            "a postoffice that is defined has no list" ["Q96004"];
        TEMPLATE_MISMATCH = "template-mismatch" Error
            "template information does not fit its template or its list" ["Q96002" "Q117198" "Q105124"];
        TEMPLATE_MISSING = "template-missing" Warning
            "template information has no template" ["Q96002" "Q96003"];
        GATEWAY_NAME_LOST = "gateway-name-lost" Error
            "names of a gateway list have no address" ["Q96002" "Q119240"];
        GATEWAY_ADDRESS_LOST = "gateway-address-lost" Warning
            "addresses of a gateway have no name" ["Q119240" "Q102300"];
        OWNERSHIP_LOST = "ownership-lost" Warning
            "it is no longer known which entries were made by hand" ["Q105125"];
    }
    PostofficeList {
        POL_EMPTY = "pol-empty" Error
            "the postoffice list has no entry, and REBUILD stops" ["Q119018"];
        POL_SHADOW = "pol-shadow" Warning
            "a list and its shadow differ" ["Q107767" "Q112881" "Q132744" "Q85647"];
        POL_USER_POINTER = "pol-user-pointer" Error
            "a user in the postoffice list leads to no account, or to another one" ["Q107767"];
        POL_ADDRESS_POINTER = "pol-address-pointer" Error
            "an entry of the postoffice list leads to no address, or to another one" ["Q107767" "Q112904"];
        POL_ADDRESS_GONE = "pol-address-gone" Error
            "a gateway entry of the postoffice list is no longer in the list of its gateway" ["Q137865"];
        NETPO_CHAIN = "netpo-chain" Warning
            "the chain of deleted addresses is broken" ["Q110100" "Q112904" "Q110223"] repair;
        GROUP_CHAIN = "group-chain" Error
            "the members of a group cannot be followed" ["Q107767" "Q108840" "Q135932"];
        GROUP_MEMBER_UNKNOWN = "group-member-unknown" Error
            "a member of a group is not in the postoffice list" ["Q122689" "Q107767"];
        GROUP_ADDRESS_LOST = "group-address-lost" Error
            "a group has no address" ["Q128872" "Q122689"];
        GROUP_UNLISTED = "group-unlisted" Error
            "a group is not in the postoffice list" ["Q122689" "Q107767"];
        GROUP_DELIVERY = "group-delivery" Warning
            "mail to a group does not go to its members in this postoffice" ["Q87396" "Q117895" "Q107767"] repair;
        MEMBERSHIP_POINTER = "membership-pointer" Warning
            "the groups of a user cannot be followed" ["Q129500" "Q102669" "Q105967"];
    }
    Places {
        NETWORK_DUPLICATE = "network-duplicate" Error
            "a network or gateway is defined twice" ["Q164509"];
        POSTOFFICE_DUPLICATE = "postoffice-duplicate" Error
            "a postoffice or node is defined twice" ["Q164509"];
        NETWORK_KIND_UNKNOWN = "network-kind-unknown" Warning
            "what stands behind a network is not known" ["Q148666" "Q103820"];
        XTN_MISSING = "xtn-missing" Error
            "the list of postoffices of a network is missing" ["Q112906" "Q87467"];
        XTN_UNUSED = "xtn-unused" Warning
            "a list of postoffices belongs to no network" ["Q112906" "Q134378"];
        OWN_POSTOFFICE_EXTERNAL = "own-postoffice-external" Error
            "this postoffice is defined as another one, so mail to it goes out" ["Q128627"];
        ROUTE_NONE = "route-none" Remark
            "no way to a postoffice is known" ["Q117199"];
        ROUTE_AUTOCREATED = "route-autocreated" Remark
            "autocreate gave postoffices the direct route of the server, which is not theirs" ["Q96060" "Q96003"];
        ROUTE_NOWHERE = "route-nowhere" Error
            "a route leads nowhere" ["Q86625" "Q118448" "Q118561"];
        ROUTE_CIRCLE = "route-circle" Error
            "routes lead in a circle" ["Q128627" "Q162841"];
        ROUTE_UNREACHABLE = "route-unreachable" Warning
            "the directory of a direct route is not there" ["Q118448"];
        ROUTE_OTHER = "route-other" Error
            "the directory of a direct route is another postoffice" ["Q114246"];
        ROUTE_COUNT = "route-count" Warning
            "the number of postoffices routed through another is wrong" ["Q86625"];
    }
    Requestor {
        NOT_REGISTERED = "not-registered" Remark
            "this postoffice takes no part in directory synchronization" ["Q96060"];
        SERVER_NAME_MISSING = "server-name-missing" Warning
            "no dir-sync server is named, but this postoffice takes part" ["Q136514" "Q96002" "Q96060"];
        SERVER_UNDEFINED = "server-undefined" Error
            "the dir-sync server is not defined here" ["Q96002" "Q114246"];
        REGISTERED_WITH_ITSELF = "registered-with-itself" Error
            "this postoffice names itself as dir-sync server and is none" ["Q96060" "Q118621"];
        SERVER_REGISTERED_ELSEWHERE = "server-registered-elsewhere" Error
            "this postoffice is a dir-sync server and names another one" ["Q118621" "Q135352" "Q96060"];
        NUMBERS_OUT_OF_STEP = "numbers-out-of-step" Remark
            "no completed cycle or out of step" ["Q96060"];
        QUEUE_POINTER = "queue-pointer" Warning
            "a file pointer of REQCONF.GLB leads to no transaction" ["Q112301" "Q140462"] repair;
        REQTRANS_MISSING = "reqtrans-missing" Error
            "the queue of the requestor is missing" ["Q119014" "Q119017" "Q110496"] repair;
        REQTRANS_EMPTY = "reqtrans-empty" Error
            "the queue of the requestor has lost its number" ["Q119014" "Q133428" "Q110496"] repair;
        REQTRANS_BEHIND = "reqtrans-behind" Error
            "waiting transactions have numbers that the server ignores" ["Q96060" "Q119452" "Q133428"];
        QUEUE_DAMAGED = "queue-damaged" Error
            "a queue holds a damaged transaction" ["Q103421" "Q96060" "Q119017"];
        QUEUE_ORDER = "queue-order" Error
            "the numbers of a queue do not go up" ["Q96060" "Q133428"];
        SRVTRANS_WAITING = "srvtrans-waiting" Warning
            "updates from the server wait to be applied" ["Q122750" "Q148705" "Q96060"];
        IMPORT_QUEUE_LEFT = "import-queue-left" Warning
            "transactions of an interrupted import wait to be applied" ["Q122750" "Q112301"];
        RESYNC_WAITING = "resync-waiting" Warning
            "a full list waits to be applied" ["Q122750" "Q119449"];
        RESYNC_DAMAGED = "resync-damaged" Error
            "the full list that waits is damaged or cut, and keeps every import out" ["Q122750"];
        RESYNC_REFUSED = "resync-refused" Error
            "the full list that waits will be refused, and keeps every import out" ["Q215505" "Q122750" "Q96060"];
        FULL_LIST_AWAITED = "full-list-awaited" Remark
            "a full list was asked for and has not come" ["Q142841" "Q99961"];
        TYPE_UNINSTALLED = "type-uninstalled" Remark
            "an address type is wanted for which no gateway is installed" ["Q122751" "Q96002"];
    }
    Server {
        SERVER_CONFIG_LOST = "server-config-lost" Error
            "this postoffice is the dir-sync server and has no SRVCONF.GLB" ["Q96060" "Q113453" "Q131423"];
        SRVCONF_WRONG = "srvconf-wrong" Error
            "SRVCONF.GLB contradicts itself" ["Q107443" "Q120449" "Q103421" "Q96060"];
        REQUESTOR_DUPLICATE = "requestor-duplicate" Error
            "a requestor is registered twice" ["Q125917"];
        SERVER_UNREGISTERED = "server-unregistered" Error
            "the dir-sync server is not registered with itself" ["Q96060" "Q96004"];
        REQUESTOR_AHEAD = "requestor-ahead" Error
            "a requestor has more than the server ever gave: the server went back" ["Q96060" "Q103421" "Q113453"];
        REQUESTOR_PURGED = "requestor-purged" Error
            "updates that a requestor lacks are no longer kept" ["Q108067" "Q96060" "Q109256"];
        REQUESTOR_SILENT = "requestor-silent" Warning
            "a requestor has been away for longer than updates are kept" ["Q108067" "Q131509"];
        REQUESTOR_UNDEFINED = "requestor-undefined" Error
            "a registered requestor is not defined here, so no reply reaches it" ["Q96060" "Q136333"];
        REQUESTOR_STEP = "requestor-step" Remark
            "a requestor record: no completed cycle or out of step" ["Q96060"];
        REPLY_DUE = "reply-due" Remark
            "requestors wait for a reply of this cycle" ["Q127752" "Q96060"];
        SERVER_ADMINISTRATOR = "server-administrator" Error
            "the administrator of the server has no mailbox here" ["Q125511" "Q96004" "Q111703"];
        MSTTRANS_MISSING = "msttrans-missing" Error
            "the master transaction list is missing" ["Q112280" "Q96060"];
        MSTTRANS_GAP = "msttrans-gap" Error
            "numbers are missing in the master transaction list" ["Q96060" "Q108067"];
        MSTTRANS_END = "msttrans-end" Error
            "the master transaction list does not end at the highest SrvSync" ["Q96060" "Q103421"];
        MSTTRANS_LEFT = "msttrans-left" Warning
            "the master transaction list of a former server is left" ["Q136487" "Q132744"];
        RESYNC_ON_SERVER = "resync-on-server" Error
            "a full list was left on the server that made it" ["Q156124" "Q96060" "Q119014"];
        LIST_WITHOUT_REQUESTOR = "list-without-requestor" Remark
            "a list of another postoffice has no living requestor" ["Q130230"];
    }
    Schedule {
        SCHEDULE_STALE_T2 = "schedule-stale-t2" Warning
            "the schedule of a former server still runs T2" ["Q136487" "Q96060" "Q119590"] repair;
        SCHEDULE_DUPLICATE = "schedule-duplicate" Warning
            "a process is scheduled twice on one weekday" ["Q197407"];
        SCHEDULE_ORDER = "schedule-order" Warning
            "T1, T2 and T3 of the server do not follow each other" ["Q96060" "Q132731"];
        SCHEDULE_WINDOW = "schedule-window" Remark
            "a run window is not the usual 8 hours" ["Q119590" "Q148718"];
        SCHEDULE_MISSED = "schedule-missed" Remark
            "a run window has passed: nothing ran at that time" ["Q148718" "Q96060"];
    }
    GlobalList {
        GAL_ABSENT = "gal-absent" Warning
            "the global list is switched on and was not built" ["Q105965" "Q128358"];
        GAL_INCOMPLETE = "gal-incomplete" Error
            "the three files of the global list are not all there" ["Q99117" "Q103421" "Q148364"];
        GAL_ZEROES = "gal-zeroes" Error
            "a file of the global list is full of zeroes" ["Q135486"] repair;
        GAL_TID = "gal-tid" Error
            "identifiers of the global list meet those of the local lists" ["Q135486"];
        GAL_INDEX = "gal-index" Error
            "the index does not fit the global list, so names are not found" ["Q86375" "Q96693" "Q114177"];
        GAL_ADDRESS = "gal-address" Error
            "an entry of the global list leads to no address" ["Q116436" "Q137614" "Q96060"];
    }
    Mail {
        MAILBAG_MISSING = "mailbag-missing" Error
            "a mailbag is missing" ["Q130449" "Q124042" "Q104279" "Q132744"] repair;
        MAILBAG_HALF = "mailbag-half" Error
            "one of the two files of a mailbag is missing" ["Q132744" "Q118619" "Q130449"] repair;
        MAILBAG_FULL = "mailbag-full" Error
            "a mailbag has more messages than its bitmap has bits" ["Q119088" "Q138054" "Q163020"];
        MAILBAG_BITMAP = "mailbag-bitmap" Warning
            "the bitmap of a mailbag does not fit its messages" ["Q77926" "Q119088" "Q120220" "Q104279"] repair;
        MAILBAG_UNUSED = "mailbag-unused" Remark
            "a mailbag belongs to nobody" ["Q118619" "Q132744"];
        MESSAGE_LOST = "message-lost" Warning
            "a mailbag names messages that are not there" ["Q104423" "Q108027"];
        SYSTEM_DUPLICATE = "system-duplicate" Warning
            "the dir-sync mailbag has two headers for one message" ["Q127752" "Q111703"];
        ORIGINAL_MAIL = "original-mail" Remark
            "mail of the original programs waits that ours do not read" ["Q108844" "Q77926"];
        MAIL_UNDELIVERED = "mail-undelivered" Warning
            "dir-sync mail was not delivered before the next cycle" ["Q101137" "Q96060"];
        MAIL_UNPROCESSED = "mail-unprocessed" Warning
            "dir-sync mail that came was not processed in its cycle" ["Q108844" "Q96060" "Q131509"];
        MAIL_QUARANTINED = "mail-quarantined" Warning
            "messages that were refused are kept for somebody to look at" ["Q96004" "Q99268" "Q187779"];
        MAIL_UNFINISHED = "mail-unfinished" Remark
            "a message was begun and never finished" [];
    }
    Security {
        PASSWORD_FILE_OPEN = "password-file-open" Warning
            "others on this machine may read or change the passwords" [];
        ADMINISTRATOR_OPEN = "administrator-open" Remark
            "an administrator has no password: anybody may sign in" ["Q130322"];
        REQUESTOR_OPEN = "requestor-open" Remark
            "a requestor has no password: the door is open" ["Q116435" "Q96004"];
        LOG_OPEN = "log-open" Remark
            "others on this machine may change a log" [];
    }
}

/// Finds a check by its id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_in_kebab_case() {
        let ids: BTreeSet<_> = CHECKS.iter().map(|check| check.id).collect();
        assert_eq!(ids.len(), CHECKS.len());
        for check in CHECKS {
            let is_kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(check.id.chars().all(is_kebab), "{}", check.id);
            assert_eq!(find(check.id), Some(*check));
        }
    }

    #[test]
    fn articles_have_their_numbers() {
        for check in CHECKS {
            for article in check.articles {
                let number = article.strip_prefix('Q').unwrap_or_default();
                assert!(
                    number.len() >= 5 && number.parse::<u32>().is_ok(),
                    "{}",
                    check.id
                );
            }
            assert!(!check.title.ends_with('.') && !check.title.contains('\n'));
        }
    }
}
