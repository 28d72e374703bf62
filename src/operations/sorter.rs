//! More items than memory holds, sorted: runs on disk, merged as they are read.
//!
//! Runs are files without a name: nothing is left of them when they are closed, by a kill, too. Of the
//! crates that sort like this, extsort 0.5 returns nothing when the last run is just full.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rayon::slice::ParallelSliceMut;

use super::bytes::Reader;

/// Bytes that are read and written at a time, of each run.
const BUFFER: usize = 64 << 10;
/// So many runs are merged into one of the next level: files that are open at a time have a bound.
const MOST_RUNS: usize = 64;

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
    /// Runs by level: how often they were merged.
    levels: Vec<Vec<Run>>,
}

impl<T: Item> Sorter<T> {
    /// Sorts `most` bytes at a time; runs lie on the disk of this folder.
    pub fn new(folder: PathBuf, most: usize) -> Self {
        Self {
            folder,
            most,
            waiting: Vec::new(),
            bytes: 0,
            levels: Vec::new(),
        }
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
        Sorted::of(self.levels.into_iter().flatten().collect())
    }

    fn write(&mut self) -> Result<()> {
        self.waiting.par_sort_unstable_by(T::order);
        let mut run = Writing::begin(&self.folder)?;
        self.waiting.iter().try_for_each(|item| run.push(item))?;
        self.waiting.clear();
        self.bytes = 0;
        let run = run.end()?;
        self.add(0, run)
    }

    fn add(&mut self, level: usize, run: Run) -> Result<()> {
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        self.levels[level].push(run);
        if self.levels[level].len() < MOST_RUNS {
            return Ok(());
        }
        let mut sorted = Sorted::<T>::of(std::mem::take(&mut self.levels[level]))?;
        let mut merged = Writing::begin(&self.folder)?;
        while let Some(item) = sorted.next_if(|_| true)? {
            merged.push(&item)?;
        }
        let merged = merged.end()?;
        self.add(level + 1, merged)
    }
}

/// A run that is being written.
struct Writing {
    file: BufWriter<File>,
    items: u64,
    bytes: Vec<u8>,
}

impl Writing {
    fn begin(folder: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(folder);
        let file = file.with_context(|| format!("can't sort in {}", folder.display()))?;
        Ok(Self {
            file: BufWriter::with_capacity(BUFFER, file),
            items: 0,
            bytes: Vec::new(),
        })
    }

    fn push(&mut self, item: &impl Item) -> Result<()> {
        self.bytes.clear();
        item.put(&mut self.bytes);
        let length = u32::try_from(self.bytes.len())?;
        let written = self.file.write_all(&length.to_le_bytes());
        let written = written.and_then(|()| self.file.write_all(&self.bytes));
        self.items += 1;
        written.context("can't write what is sorted")
    }

    fn end(self) -> Result<Run> {
        let file = self.file.into_inner().map_err(io::Error::from);
        let mut file = file.context("can't write what is sorted")?;
        file.rewind()?;
        Ok(Run {
            file: BufReader::with_capacity(BUFFER, file),
            left: self.items,
        })
    }
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
    fn of(mut runs: Vec<Run>) -> Result<Self> {
        let mut firsts = BinaryHeap::with_capacity(runs.len());
        for (number, run) in runs.iter_mut().enumerate() {
            let first = run.next()?.map(|item| First { item, run: number });
            firsts.extend(first);
        }
        Ok(Self { runs, firsts })
    }

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
        fn all_items_come_in_order(
            mut items in prop::collection::vec(any::<u64>(), 0..400),
            most in 1..40_usize,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let mut sorter = Sorter::new(folder.path().to_owned(), most);
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
