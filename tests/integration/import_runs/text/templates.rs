//! Template information: what T and the lines of an entry make of it.

use std::fs;

use dirsync::postoffice::File;

use super::{a, office, stem};
use crate::support::Office;

const TEMPLATE: &str = "T SNADS:GATE/DGN1\n Division:~15~25~A~none~\n City/ST/Zip:~15~40~A~~\n";

fn info_size(office: &Office) -> usize {
    office.bytes(&File::inf(stem(office, "GATE/DGN1"))).len()
}

fn info_of(office: &Office, entry: usize) -> Vec<String> {
    let bytes = office.bytes(&File::inf(stem(office, "GATE/DGN1")));
    let record = &bytes[entry * 67..(entry + 1) * 67];
    let field = |bytes: &[u8]| {
        let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
        String::from_utf8(bytes[..end].to_vec()).expect("text")
    };
    vec![field(&record[..26]), field(&record[26..])]
}

#[test]
fn imp_s005_template_information_does_not_grow_when_a_file_is_imported_again() {
    let office = office();
    let start = format!(
        "{TEMPLATE}A\tDoe, John D\tSNADS:GATE/DGN1/JOHND\nA\tDoe, Jane\tSNADS:GATE/DGN1/JANE\n"
    );
    office.import_text("-t -a", &start).ends(0);
    let text = "M\tDoe, John D\tSNADS:GATE/DGN1/JOHND\n- Division:/DIV 1\n- City//ST//Zip:/Rome\n";
    let mut sizes = Vec::new();
    for _ in 0..3 {
        office.import_text("-t -a", text).ends(0);
        sizes.push(info_size(&office));
        assert_eq!(info_of(&office, 1), ["DIV 1", "Rome"]);
        assert_eq!(
            info_of(&office, 0),
            ["none", ""],
            "fields not given have the default"
        );
    }
    assert_eq!(sizes, [2 * 67; 3]);
}

#[test]
fn imp_s056_and_s057_t_starts_the_information_of_a_list_anew_and_an_a_alone_does_not() {
    let office = office();
    let first = format!("{TEMPLATE}A\tOne\tSNADS:GATE/DGN1/ONE\n- Division:/D1\n");
    office.import_text("-t", &first).ends(0);
    let second = "A\tTwo\tSNADS:GATE/DGN1/TWO\n- Division:/D2\n";
    office.import_text("-t", second).ends(0);
    assert_eq!(
        info_of(&office, 0)[0],
        "D1",
        "S057: others keep their information"
    );
    let third = "T SNADS:GATE/DGN1\n Division:~15~25~A~anew~\n City/ST/Zip:~15~40~A~~\nA\tTri\tSNADS:GATE/DGN1/TRI\n- Division:/D3\n";
    let run = office.import_text("-t", third).ends(0);
    let warned = "SNADS:GATE/DGN1: T defines its template anew, and the information of 2 entries";
    assert!(run.stdout.contains(warned), "{}", run.stdout);
    let divisions: Vec<_> = (0..3).map(|n| info_of(&office, n)[0].clone()).collect();
    assert_eq!(office.names("SNADS:GATE/DGN1"), ["One", "Tri", "Two"]);
    assert_eq!(divisions, ["anew", "D3", "anew"]);
    let template = office.bytes(&File::tpl(stem(&office, "GATE/DGN1")));
    assert_eq!(
        template,
        b"Division:~15~25~A~anew~\rCity/ST/Zip:~15~40~A~~\r"
    );
}

#[test]
fn imp_f070_f071_unknown_prompts_and_templates_without_t_are_said() {
    let office = office();
    office.import_text("-t", TEMPLATE).ends(0);
    let run = office
        .import_text(
            "-t",
            "A One\tSNADS:GATE/DGN1/ONE\n- Fone:/555\n- Division:/X\n",
        )
        .ends(1);
    assert!(
        run.stdout.contains("2 IMPORT: Error  [ 37] "),
        "{}",
        run.stdout
    );
    assert_eq!(info_of(&office, 0)[0], "X");
    let run = office
        .import_text("", "A Two\tSNADS:GATE/DGN1/TWO\n- Division:/Y\n")
        .ends(0);
    assert!(run.stdout.contains("[ 73] "), "{}", run.stdout);
    assert_eq!(info_of(&office, 1)[0], "none");
}

#[test]
fn imp_s071_a_gateway_list_survives_extract_and_import_unchanged() {
    let office = office();
    let text = [
        a("Ann", "SMTP:ann@example.com"),
        a("Bob with a name of thirty byte", "SMTP:bob@example.com"),
        a("Cid", "SMTP:gate!cid"),
    ]
    .concat();
    office.import_text("", &text).ends(0);
    office.import("-x -gsmtp -f{}/first.txt").ends(0);
    let again = Office::new("NET/OWN").define(&["SMTP"]);
    let list = fs::read(office.beside("first.txt")).expect("written");
    again.write("first.txt", &list);
    again.import("-gsmtp -f{}/first.txt").ends(0);
    again.import("-x -gsmtp -f{}/second.txt").ends(0);
    assert_eq!(fs::read(again.beside("second.txt")).expect("written"), list);
    assert_eq!(
        String::from_utf8(list).expect("text"),
        text.replace('\n', "\r\n")
    );
}

#[test]
fn defect_28_information_is_matched_by_prompt_in_any_order() {
    let office = office();
    let start = format!("{TEMPLATE}A\tOne\tSNADS:GATE/DGN1/ONE\n");
    office.import_text("-t", &start).ends(0);
    let text = "M\tOne\tSNADS:GATE/DGN1/ONE\n- City//ST//Zip:/Rome\n- Division:/D7\n";
    office.import_text("-t", text).ends(0);
    assert_eq!(info_of(&office, 0), ["D7", "Rome"]);
}

#[test]
fn defect_43_fields_that_an_m_does_not_name_get_their_default_or_stay_by_option() {
    let office = office();
    let start =
        format!("{TEMPLATE}A\tOne\tSNADS:GATE/DGN1/ONE\n- Division:/D1\n- City//ST//Zip:/Rome\n");
    office.import_text("-t", &start).ends(0);
    let text = "M\tOne\tSNADS:GATE/DGN1/ONE\n- City//ST//Zip:/Bonn\n";
    office.import_text("-t --keep-info", text).ends(0);
    assert_eq!(info_of(&office, 0), ["D1", "Bonn"]);
    office.import_text("-t", text).ends(0);
    assert_eq!(info_of(&office, 0), ["none", "Bonn"]);
}

#[test]
fn import_s_and_t_files_feed_back_unchanged_with_their_templates() {
    let office = office();
    let start = format!("{TEMPLATE}A\tDoe, John\tSNADS:GATE/DGN1/JOHN\n- City//ST//Zip:/A/B\n");
    office.import_text("-t", &start).ends(0);
    office.import("-x -t -gsnads -f{}/first.txt").ends(0);
    let other = Office::new("NET/OWN").define(&["SNADS:GATE/DGN1", "SNADS:GATE/DGN2"]);
    other.write(
        "first.txt",
        fs::read(office.beside("first.txt")).expect("written"),
    );
    other.import("-t -f{}/first.txt").ends(0);
    other.import("-x -t -gsnads -f{}/second.txt").ends(0);
    let read = |office: &Office, file: &str| fs::read(office.beside(file)).expect("written");
    assert_eq!(read(&other, "second.txt"), read(&office, "first.txt"));
}
