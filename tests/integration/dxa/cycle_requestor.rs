//! The agent as a requestor of a postoffice (`spec/exchange.md` DX-11 to DX-18, DX-23 to DX-30).

use super::net::{Net, sent_by};
use super::scene::Scene;

const SERVER: &str = "NET1/PO1";
const OTHER: &str = "NET1/PO2";

#[test]
fn an_entry_of_the_directory_and_one_of_a_postoffice_go_all_ways() {
    let net = Net::requestor(&[SERVER, OTHER]);
    net.scene.person("Lena Berg", "LENA");
    net.site.user(OTHER, "Otto");
    net.round();
    net.round();
    for office in [SERVER, OTHER] {
        assert_eq!(
            net.site.names_in(office, "NET1/AGENT"),
            ["Lena Berg"],
            "{office}"
        );
    }
    let shown = net.scene.shown();
    assert!(
        shown.contains(&"MS:NET1/PO2/OTTO=Otto".to_owned()),
        "{shown:?}"
    );
}
