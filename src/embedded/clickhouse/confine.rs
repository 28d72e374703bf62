//! Takes the process's access to the file system away, but for the engine's directory.
//!
//! ClickHouse reads files by SQL (`file('/etc/passwd')`, also as a scalar function, which no
//! setting forbids). So before the engine is loaded the process gives up, for good and for all its
//! threads to come, every right to files that it does not need (Landlock, Linux 5.13).

use std::path::Path;

/// What became of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confinement {
    /// Only the named places can be reached.
    Whole,
    /// The kernel knows an older Landlock: some ways of writing are still open.
    Partial,
    /// No Landlock here: the engine can read what the user can.
    None,
}

/// System files that the engine and the C library read, and that hold no one's secrets.
#[cfg(target_os = "linux")]
const READ: [&str; 22] = [
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/ssl/certs",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/sys",
    "/proc/self/maps",
    "/proc/self/statm",
    "/proc/self/status",
    "/sys/devices/system",
    "/sys/fs/cgroup",
];

/// Confines this thread and all that it starts from now on: reading and writing in `data`, reading
/// of system files and of `library`. Call it before other threads run.
///
/// # Errors
/// A rule can't be made: `data` is not there, or the kernel refuses.
#[cfg(target_os = "linux")]
pub fn confine(data: &Path, library: &Path) -> Result<Confinement, String> {
    use landlock::{
        ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
        RulesetStatus, path_beneath_rules,
    };
    let abi = ABI::V5;
    let all = AccessFs::from_all(abi);
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    // Nothing is run: SQL could write a script into the directory (`executable('…')`).
    let data_rights = all & !AccessFs::Execute;
    let devices = ["/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"];
    let apply = || {
        Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(all)?
            .create()?
            .add_rules(path_beneath_rules(READ.iter(), read))?
            .add_rules(path_beneath_rules([library], read))?
            .add_rules(path_beneath_rules(
                devices,
                AccessFs::ReadFile | AccessFs::WriteFile,
            ))?
            .add_rules(path_beneath_rules([data], data_rights))?
            .restrict_self()
    };
    match apply() {
        Ok(status) => Ok(match status.ruleset {
            RulesetStatus::FullyEnforced => Confinement::Whole,
            RulesetStatus::PartiallyEnforced => Confinement::Partial,
            RulesetStatus::NotEnforced => Confinement::None,
        }),
        Err(error) => Err(error.to_string()),
    }
}

/// Landlock is Linux's own.
///
/// # Errors
/// Never.
#[cfg(not(target_os = "linux"))]
pub fn confine(_data: &Path, _library: &Path) -> Result<Confinement, String> {
    Ok(Confinement::None)
}
