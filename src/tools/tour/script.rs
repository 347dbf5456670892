//! What is shown, in order.

use std::io::Write;

use super::stage::Stage;
use crate::tools::exit::ToolError;

/// The dir-sync server, by its directory; the names of the postoffices are those of Q96060.
const SERVER: &str = "montgomery";

/// The requestors, by their directories.
const REQUESTORS: [&str; 2] = ["november", "october"];

/// The gateways, beside SNADS, whose nodes need a name of their own.
const GATEWAYS: [&str; 6] = ["SMTP", "MHS", "MSMAIL", "X400", "MCI", "FAX"];

/// Bytes of SrvSync in REQCONF.GLB.
const SRV_SYNC_OFFSET: usize = 44;

/// Gives the tour.
pub(super) fn play<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    stage.part("Three postoffices: a dir-sync server and two requestors")?;
    set_up(stage)?;
    stage.part("Their lists")?;
    fill(stage)?;
    stage.part("One file with all of them, applied at both requestors")?;
    resync(stage)?;
    stage.part("A requestor out of step")?;
    damage(stage)?;
    stage.part("Mended by a new resync")?;
    mend(stage)?;
    stage.part("The same names everywhere")?;
    compare(stage)
}

fn name(directory: &str) -> String {
    format!("POLYNOMIAL/{}", directory.to_uppercase())
}

fn set_up<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    let server = name(SERVER);
    for po in [SERVER].iter().chain(&REQUESTORS) {
        stage.run(&format!("admin -d{{}}/{po} setup {}", name(po)))?;
        stage.run(&format!(
            "admin -d{{}}/{po} admin -ppassword gateway install SNADS SNADSGATE"
        ))?;
        for kind in GATEWAYS {
            stage.run(&format!(
                "admin -d{{}}/{po} admin -ppassword gateway install {kind}"
            ))?;
        }
    }
    let admin = |po: &str, words: &str| format!("admin -d{{}}/{po} admin -ppassword {words}");
    stage.run(&admin(SERVER, "config dirsync options server yes"))?;
    for po in REQUESTORS {
        let requestor = name(po);
        for (at, words) in [
            (
                SERVER,
                format!("external create {requestor} --route direct:{{}}/{po}"),
            ),
            (
                SERVER,
                format!("config dirsync server requestors create {requestor} --password sesame"),
            ),
            (
                po,
                format!("external create {server} --route direct:{{}}/{SERVER}"),
            ),
            (
                po,
                format!("config dirsync requestor registration {server} --password sesame"),
            ),
            (
                po,
                format!(
                    "config dirsync requestor types PCM,SNADS,{}",
                    GATEWAYS.join(",")
                ),
            ),
            (
                po,
                "config dirsync requestor options --create-po yes --templates-receive yes"
                    .to_owned(),
            ),
        ] {
            stage.run(&admin(at, &words))?;
        }
    }
    Ok(())
}

/// Everybody makes his own users; the server knows of the postoffices and gateways around it.
fn fill<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    for po in [SERVER].iter().chain(&REQUESTORS) {
        stage.run(&format!(
            "import -d{{}}/{po} admin -ppassword -f{{}}/files/{po}.txt -y"
        ))?;
    }
    let import = |words: &str| format!("import -d{{}}/{SERVER} admin -ppassword {words} -y");
    stage.say("the published lists of NET1/PO1 and of a SNADS gateway, and one address of each other gateway")?;
    stage.run(&import("-c -f{}/files/po1.txt"))?;
    stage.run(&import("-f{}/files/po1names.txt"))?;
    stage.run(&import("-c -t -gsnads -f{}/files/snads.txt"))?;
    stage.run(&import("-f{}/files/gateways.txt"))?;
    stage.say("what the requestors have, extracted there and imported at the server")?;
    for po in REQUESTORS {
        let own = name(po);
        stage.run(&format!(
            "import -d{{}}/{po} admin -ppassword -x{own} -f{{}}/files/{po}.own"
        ))?;
        stage.run(&import(&format!("-f{{}}/files/{po}.own")))?;
    }
    Ok(())
}

fn resync<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    let file = "{}/montgomery/GLB/RESYNC.GLB";
    stage.run("import -d{}/montgomery admin -ppassword -s -y")?;
    stage.run(&format!("resync check {file}"))?;
    stage.run(&format!("resync show {file}"))?;
    stage.run(&format!("cp {file} {{}}/november/GLB/RESYNC.GLB"))?;
    stage.run(&format!("mv {file} {{}}/october/GLB/RESYNC.GLB"))?;
    for po in REQUESTORS {
        stage.run(&format!("import -d{{}}/{po} admin -ppassword -q -y"))?;
    }
    stage.run("listds -d{}/october admin -ppassword -r")
}

fn damage<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    stage.say("somebody deletes a name by hand that belongs to another postoffice,")?;
    stage.run("import -d{}/october admin -ppassword -f{}/files/gone.txt -y")?;
    stage.say("and a bad disk gives REQCONF.GLB a SrvSync that its server never gave")?;
    stage.damage("{}/october/GLB/REQCONF.GLB", SRV_SYNC_OFFSET, [0x47, 0x12])?;
    stage.run("listds -d{}/october admin -ppassword -r")
}

fn mend<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    let file = "{}/files/RESYNC.GLB";
    stage.run("resync create -d{}/montgomery -o{}/files/RESYNC.GLB admin -ppassword")?;
    stage.run(&format!(
        "resync plan {file} -d{{}}/october admin -ppassword"
    ))?;
    stage.run(&format!("mv {file} {{}}/october/GLB/RESYNC.GLB"))?;
    stage.run("import -d{}/october admin -ppassword -q -y")?;
    stage.run("listds -d{}/october admin -ppassword -r")
}

fn compare<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    for po in [SERVER].iter().chain(&REQUESTORS) {
        let list = format!("{{}}/files/{po}.all");
        stage.run(&format!("import -d{{}}/{po} admin -ppassword -x -f{list}"))?;
        stage.run(&format!("sort -o {list} {list}"))?;
    }
    for po in REQUESTORS {
        stage.run(&format!("cmp {{}}/files/{SERVER}.all {{}}/files/{po}.all"))?;
    }
    stage.say("no difference: whoever looks a name up finds the same at all three")
}
