//! Names this build by what it is made from, as `SADA_BUILD`: the ledger keeps it with each range that
//! is announced, since another build may decode a record otherwise.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3Default;

fn main() -> io::Result<()> {
    let mut files = vec![PathBuf::from("Cargo.lock")];
    for folder in ["src", "models"] {
        collect(Path::new(folder), &mut files)?;
        println!("cargo:rerun-if-changed={folder}");
    }
    println!("cargo:rerun-if-changed=Cargo.lock");
    files.sort();
    let mut hash = Xxh3Default::new();
    for file in files {
        hash.update(file.to_string_lossy().as_bytes());
        hash.update(&fs::read(file)?);
    }
    println!("cargo:rustc-env=SADA_BUILD={:012x}", hash.digest() >> 16);
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
