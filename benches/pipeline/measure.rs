//! Time, CPU and memory of a process, read from /proc.

use anyhow::{Context, Result};

/// What one round took.
pub struct Cost {
    pub events: usize,
    pub wall_s: f64,
    pub cpu_s: f64,
}

impl Cost {
    /// Seconds on the clock.
    pub fn wall(&self) -> f64 {
        self.wall_s
    }

    /// CPU seconds per million events.
    pub fn cpu(&self) -> f64 {
        self.cpu_s * 1e6 / self.events as f64
    }
}

/// Lowest, median and highest of some rounds.
pub struct Spread {
    pub lowest: f64,
    pub median: f64,
    pub highest: f64,
}

impl Spread {
    /// Of at least one figure.
    pub fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        Self {
            lowest: figures[0],
            median: figures[figures.len() / 2],
            highest: figures[figures.len() - 1],
        }
    }
}

/// CPU seconds that a process has used so far, user and system (clock ticks of 10 ms).
pub fn cpu_seconds(process: &str) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields = stat.rsplit(')').next().context("no such stat")?;
    let ticks: Vec<f64> = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / 100.0)
}

/// Highest resident memory of this process so far.
pub fn peak_memory_mb() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find(|l| l.starts_with("VmHWM"))
        .context("no VmHWM")?;
    let kilobytes: u64 = line
        .split_whitespace()
        .nth(1)
        .context("no figure")?
        .parse()?;
    Ok(kilobytes / 1024)
}
