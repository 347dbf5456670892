//! A postoffice of somebody else, read and not touched: whose requestor it is, and whether it is a server.

use std::path::Path;

use crate::address::PostofficeName;
use crate::postoffice::Postoffice;
use crate::tools::exit::ToolError;

/// What a postoffice says of its part in directory synchronization.
#[derive(Debug)]
pub(in crate::tools::dxa) struct Office {
    /// Its network and postoffice.
    pub(in crate::tools::dxa) name: String,
    /// The server that it names.
    pub(in crate::tools::dxa) server: Option<String>,
    /// It has a SRVCONF.GLB (Q136487).
    pub(in crate::tools::dxa) is_server: bool,
    /// Who is registered there, itself left out.
    pub(in crate::tools::dxa) requestors: Vec<String>,
}

impl Office {
    /// Reads the postoffice in a folder.
    pub(in crate::tools::dxa) fn read(path: &Path) -> Result<Self, ToolError> {
        let po = Postoffice::open_read(path)?;
        let page = po.code_page();
        let named = |network: &[u8], postoffice: &[u8]| {
            PostofficeName::from_checked(network, postoffice).view(page)
        };
        let conf = po.requestor_config()?;
        let server = conf.has_server().then(|| {
            named(
                conf.server_network.as_bytes(),
                conf.server_postoffice.as_bytes(),
            )
        });
        let name = po.name().view(page);
        let served = po.server_config()?;
        let records = served.iter().flat_map(|conf| &conf.requestors);
        let records = records.filter(|record| record.state.is_active());
        let requestors = records
            .map(|record| named(record.network.as_bytes(), record.postoffice.as_bytes()))
            .filter(|requestor| !requestor.eq_ignore_ascii_case(&name));
        Ok(Self {
            requestors: requestors.collect(),
            is_server: served.is_some(),
            server,
            name,
        })
    }

    /// Tells whether it names a server.
    pub(in crate::tools::dxa) fn points_at(&self, name: &str) -> bool {
        let server = self.server.as_deref();
        server.is_some_and(|server| server.eq_ignore_ascii_case(name))
    }
}
