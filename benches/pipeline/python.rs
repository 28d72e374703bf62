//! The mark: a plain Python pipeline over the same records.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::PATIENCE;
use crate::measure::{Cost, cpu_seconds};
use crate::transport::Bench;

/// Runs it once; `None` if `SADA_BENCH_PYTHON` names no interpreter (`make bench` does).
pub fn run(bench: &Bench<'_>, topic: &str, round: usize, events: usize) -> Result<Option<Cost>> {
    let Some(python) = std::env::var_os("SADA_BENCH_PYTHON") else {
        eprintln!("SADA_BENCH_PYTHON is not set: no Python pipeline beside ours");
        return Ok(None);
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/python_mark/mark.py");
    let begun = Instant::now();
    let mut process = Command::new(python)
        .arg(script)
        .args(["--brokers", bench.kafka.bootstrap(), "--topic", topic])
        .args(["--group", &format!("python-{topic}-{round}")])
        .args([
            "--clickhouse",
            &bench.engine,
            "--database",
            &format!("python_{topic}_{round}"),
        ])
        .args(["--events", &events.to_string()])
        .stdin(Stdio::null())
        .spawn()?;
    let id = process.id().to_string();
    let mut cpu_s = 0.0;
    loop {
        // Before the process is waited for: then its figures are gone.
        if let Ok(cpu) = cpu_seconds(&id) {
            cpu_s = cpu;
        }
        if let Some(status) = process.try_wait()? {
            if !status.success() {
                bail!("the Python pipeline ended with {status}");
            }
            let wall_s = begun.elapsed().as_secs_f64();
            return Ok(Some(Cost {
                events,
                wall_s,
                cpu_s,
            }));
        }
        if begun.elapsed() > PATIENCE {
            process.kill()?;
            bail!("the Python pipeline took too long");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
