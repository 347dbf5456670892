//! Healthy postoffices: nothing above a remark, whatever programs made them.

use dirsync::diagnosis::Severity;

use super::bases::Base;

#[test]
fn healthy_postoffices_have_nothing_but_remarks() {
    for base in [Base::New, Base::Requestor, Base::Server, Base::WithGal] {
        let case = base.copy();
        for finding in case.findings() {
            assert_eq!(
                finding.check.severity,
                Severity::Remark,
                "{base:?}: {finding:#?}"
            );
        }
    }
}
