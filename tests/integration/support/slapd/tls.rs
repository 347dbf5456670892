//! Certificates for one server, made when it is set up.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// Who vouches for a server.
pub(crate) struct Authority {
    file: PathBuf,
}

impl Authority {
    pub(crate) fn file(&self) -> PathBuf {
        self.file.clone()
    }
}

/// Makes an authority, and the key and certificate of a server of this name.
pub(crate) fn make(root: &Path, name: &str) -> Authority {
    let write = |name: &str, pem: String| fs::write(root.join(name), pem).expect("written");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    // Each has a name of its own, so that one is not taken for a false copy of another.
    let own_name = format!("Authority of {}", root.display());
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, own_name);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    write("ca.pem", certificate.pem());
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new([name.to_owned()])
        .and_then(|params| params.signed_by(&key, &issuer))
        .expect("a certificate");
    write("server.pem", certificate.pem());
    write("server.key", key.serialize_pem());
    Authority {
        file: root.join("ca.pem"),
    }
}

/// Returns the lines of the configuration.
pub(crate) fn conf(root: &Path) -> String {
    let root = root.display();
    format!(
        "TLSCACertificateFile {root}/ca.pem
TLSCertificateFile {root}/server.pem
TLSCertificateKeyFile {root}/server.key"
    )
}
