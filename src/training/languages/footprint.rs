//! What the language model costs to have: bytes of its file, time to load it, memory.

use std::time::{Duration, Instant};

use comfy_table::Table;
use serde::Serialize;

use super::table::aligned;

/// Loads that the median is taken of. A model file that is read stays in memory: few.
const LOADS: usize = 5;

/// Bytes between two places that are touched: the smallest page there is.
const PAGE: usize = 4096;

/// Figures of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Footprint {
    /// Bytes of the file.
    pub file_bytes: usize,
    /// Milliseconds of a load: median, lowest and highest.
    pub load_ms: [f64; 3],
    /// Bytes by which the process grew in memory, its file and all that was made of it touched; none
    /// where the system doesn't tell.
    pub resident_bytes: Option<u64>,
}

/// Loads a model, uses it, measures. Memory comes first, while the process has nothing to use again.
///
/// # Errors
/// The model can't be loaded.
pub fn of<T, E>(
    file: &[u8],
    load: impl Fn(&[u8]) -> Result<T, E>,
    touch: impl Fn(&T),
) -> Result<Footprint, E> {
    let before = resident();
    for byte in file.iter().step_by(PAGE) {
        std::hint::black_box(byte);
    }
    let model = load(file)?;
    touch(&model);
    let after = resident();
    drop(model);
    let mut times = Vec::with_capacity(LOADS);
    for _ in 0..LOADS {
        let start = Instant::now();
        let model = load(file)?;
        times.push(start.elapsed());
        drop(model);
    }
    times.sort_unstable();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let median = times[LOADS / 2];
    Ok(Footprint {
        file_bytes: file.len(),
        load_ms: [median, times[0], times[LOADS - 1]].map(milliseconds),
        resident_bytes: before.zip(after).map(|(b, a)| a.saturating_sub(b)),
    })
}

/// Bytes of this process in memory.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

impl Footprint {
    /// A table of the three.
    pub fn shown(&self) -> Table {
        let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
        let [median, lowest, highest] = self.load_ms;
        let mut table = aligned(&["language model", "", "range"], 1..2);
        table.add_row(["file", &megabytes(self.file_bytes as u64), ""]);
        table.add_row([
            "time to load".to_owned(),
            format!("{median:.1} ms"),
            format!("{lowest:.1} – {highest:.1} ms, {LOADS} loads"),
        ]);
        let resident = self.resident_bytes.map_or("unknown".into(), megabytes);
        table.add_row(["memory, all of it touched", &resident, ""]);
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_loaded_again_and_again() {
        let file = vec![7_u8; 1000];
        let loads = std::cell::Cell::new(0);
        let touched = std::cell::Cell::new(0);
        let load = |file: &[u8]| {
            loads.set(loads.get() + 1);
            Ok::<_, String>(file.repeat(100))
        };
        let touch = |model: &Vec<u8>| touched.set(model.len());
        let footprint = of(&file, load, touch).unwrap();
        assert_eq!((loads.get(), touched.get()), (1 + LOADS, 100_000));
        assert_eq!(footprint.file_bytes, 1000);
        let [median, lowest, highest] = footprint.load_ms;
        assert!(0.0 < lowest && lowest <= median && median <= highest);
        assert!(
            footprint
                .shown()
                .to_string()
                .contains(&format!("{LOADS} loads"))
        );
        assert_eq!(
            of(&file, |_| Err::<(), _>("no model"), |_| ()),
            Err("no model")
        );
    }
}
