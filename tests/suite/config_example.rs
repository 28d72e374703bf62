//! `deploy/sada.toml` names every field, with the default that the program has.

use std::fs;
use std::path::Path;

use sada::config::Config;

const EXAMPLE: &str = "deploy/sada.toml";

fn example() -> &'static Path {
    Path::new(EXAMPLE)
}

/// The names in backticks that a refusal of an unknown field offers.
fn fields_of(section: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sada.toml");
    let header = match section {
        "" => String::new(),
        section => format!("[{section}]\n"),
    };
    fs::write(&file, format!("{header}no_such_field = 1\n")).unwrap();
    let message = Config::load(Some(&file)).unwrap_err().message;
    let (_, offered) = message.split_once("expected").expect(&message);
    let offered = offered.split('`').skip(1).step_by(2);
    let fields: Vec<String> = offered.map(str::to_owned).collect();
    assert!(!fields.is_empty(), "{message}");
    fields
}

#[test]
fn it_is_the_default() {
    let read = Config::load(Some(example())).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", Config::default()));
}

#[test]
fn it_names_every_field() {
    let table: toml::Table = fs::read_to_string(example()).unwrap().parse().unwrap();
    for section in fields_of("") {
        let named = table
            .get(&section)
            .unwrap_or_else(|| panic!("{EXAMPLE} does not name {section}"));
        let Some(named) = named.as_table() else {
            continue;
        };
        for field in fields_of(&section) {
            assert!(
                named.contains_key(&field),
                "{EXAMPLE} does not name {section}.{field}"
            );
        }
    }
}
