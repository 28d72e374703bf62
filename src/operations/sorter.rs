//! More items than memory holds, sorted: runs on disk, merged as they are read.
//!
//! Of the crates that do this, extsort 0.5 returns nothing when the last run is just full, and runs
//! of both are bounded by a number of items, not by bytes.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rayon::slice::ParallelSliceMut;

use super::bytes::Reader;

/// Bytes that are read and written at a time, of each run.
const BUFFER: usize = 64 << 10;

/// What can be sorted.
pub trait Item: Sized + Send {
    /// Which of two comes first.
    fn order(&self, other: &Self) -> Ordering;
    /// Bytes of memory that it takes, about.
    fn size(&self) -> usize;
    /// Appends its bytes.
    fn put(&self, out: &mut Vec<u8>);
    /// Reads what [`put`](Self::put) wrote; `None` if these bytes are something else.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;
}

/// Takes items in any order.
pub struct Sorter<T> {
    folder: PathBuf,
    /// Bytes of items that are sorted at a time.
    most: usize,
    waiting: Vec<T>,
    bytes: usize,
    /// Files, and how many items each has.
    runs: Vec<(File, u64)>,
}

impl<T: Item> Sorter<T> {
    /// Sorts in a folder of its own, `most` bytes at a time.
    ///
    /// # Errors
    /// The folder can't be made.
    pub fn new(folder: PathBuf, most: usize) -> Result<Self> {
        fs::create_dir_all(&folder).with_context(|| failed("sort in", &folder))?;
        Ok(Self {
            folder,
            most,
            waiting: Vec::new(),
            bytes: 0,
            runs: Vec::new(),
        })
    }

    /// Adds an item.
    ///
    /// # Errors
    /// The disk is full or fails.
    pub fn push(&mut self, item: T) -> Result<()> {
        self.bytes += item.size();
        self.waiting.push(item);
        match self.bytes < self.most {
            true => Ok(()),
            false => self.write(),
        }
    }

    /// All items, sorted.
    ///
    /// # Errors
    /// The disk is full or fails.
    pub fn sorted(mut self) -> Result<Sorted<T>> {
        self.write()?;
        let runs = self.runs.into_iter().map(|(mut file, items)| {
            io::Seek::rewind(&mut file)?;
            Ok(Run {
                file: BufReader::with_capacity(BUFFER, file),
                left: items,
            })
        });
        let mut runs: Vec<Run> = runs.collect::<Result<_>>()?;
        let mut firsts = BinaryHeap::with_capacity(runs.len());
        for (number, run) in runs.iter_mut().enumerate() {
            let first = run.next()?.map(|item| First { item, run: number });
            firsts.extend(first);
        }
        Ok(Sorted { runs, firsts })
    }

    fn write(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.waiting.par_sort_unstable_by(T::order);
        let path = self.folder.join(self.runs.len().to_string());
        let items = self.waiting.len() as u64;
        let file = write_run(&path, &self.waiting).with_context(|| failed("write", &path))?;
        self.runs.push((file, items));
        self.waiting.clear();
        self.bytes = 0;
        Ok(())
    }
}

fn write_run(path: &Path, items: &[impl Item]) -> io::Result<File> {
    let mut options = File::options();
    let file = options.create_new(true).read(true).write(true).open(path)?;
    let mut file = BufWriter::with_capacity(BUFFER, file);
    let mut bytes = Vec::new();
    for item in items {
        bytes.clear();
        item.put(&mut bytes);
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        file.write_all(&length.to_le_bytes())?;
        file.write_all(&bytes)?;
    }
    Ok(file.into_inner()?)
}

fn failed(what: &str, path: &Path) -> String {
    format!("can't {what} {}", path.display())
}

struct Run {
    file: BufReader<File>,
    left: u64,
}

impl Run {
    fn next<T: Item>(&mut self) -> Result<Option<T>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let item = self.read().context("can't read what was sorted")?;
        Ok(Some(item))
    }

    fn read<T: Item>(&mut self) -> io::Result<T> {
        let mut length = [0; size_of::<u32>()];
        self.file.read_exact(&mut length)?;
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        self.file.read_exact(&mut bytes)?;
        T::read(&mut Reader(&bytes)).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

/// Items in order.
pub struct Sorted<T> {
    runs: Vec<Run>,
    /// The next item of each run; the one that comes first is the greatest.
    firsts: BinaryHeap<First<T>>,
}

impl<T: Item> Sorted<T> {
    /// The item that comes next.
    pub fn peek(&self) -> Option<&T> {
        self.firsts.peek().map(|first| &first.item)
    }

    /// The item that comes next, if it is wanted.
    ///
    /// # Errors
    /// The disk fails.
    pub fn next_if(&mut self, wanted: impl Fn(&T) -> bool) -> Result<Option<T>> {
        let Some(mut first) = self.firsts.peek_mut().filter(|first| wanted(&first.item)) else {
            return Ok(None);
        };
        let after = self.runs[first.run].next()?;
        Ok(Some(match after {
            Some(after) => std::mem::replace(&mut first.item, after),
            None => PeekMut::pop(first).item,
        }))
    }
}

struct First<T> {
    item: T,
    run: usize,
}

impl<T: Item> Ord for First<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.item.order(&self.item)
    }
}

impl<T: Item> PartialOrd for First<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Item> PartialEq for First<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T: Item> Eq for First<T> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::bytes::put_number;
    use super::*;

    impl Item for u64 {
        fn order(&self, other: &Self) -> Ordering {
            self.cmp(other)
        }

        fn size(&self) -> usize {
            1
        }

        fn put(&self, out: &mut Vec<u8>) {
            put_number(out, *self);
        }

        fn read(reader: &mut Reader<'_>) -> Option<Self> {
            reader.number()
        }
    }

    proptest! {
        #[test]
        fn all_items_come_in_order(mut items: Vec<u64>, most in 1..40_usize) {
            let folder = tempfile::tempdir().unwrap();
            let mut sorter = Sorter::new(folder.path().join("runs"), most).unwrap();
            items.iter().for_each(|item| sorter.push(*item).unwrap());
            let mut sorted = sorter.sorted().unwrap();
            let mut came = Vec::new();
            while let Some(item) = sorted.next_if(|_| true).unwrap() {
                came.push(item);
            }
            items.sort_unstable();
            prop_assert_eq!(came, items);
        }
    }
}
