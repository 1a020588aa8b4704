//! measure RUNS COMMAND ARG…   Runs a command again and again; prints the median of the CPU time that it took (user and
//! system, in µs), the most memory that any run held (KiB), and its exit code. `{i}` in an argument is the number of the run.
//!
//! A program of its own, compiled by run.py: a process's memory counts from before it became the command, so what starts
//! it must be small, and the standard library does not tell what a child used.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio, exit};

#[repr(C)]
#[derive(Default)]
struct Usage {
    user: [i64; 2],
    system: [i64; 2],
    max_rss: i64,
    rest: [i64; 13],
}

unsafe extern "C" {
    fn wait4(pid: i32, status: *mut i32, options: i32, usage: *mut Usage) -> i32;
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [runs, program, rest @ ..] = args.as_slice() else {
        eprintln!("usage: measure RUNS COMMAND ARG…");
        exit(2);
    };
    let runs: usize = runs.parse().expect("RUNS is a number");
    let (mut times, mut most, mut code) = (Vec::new(), 0, 0);
    for i in 0..runs {
        let child = Command::new(program)
            .args(rest.iter().map(|a| a.replace("{i}", &i.to_string())))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command starts");
        let (mut status, mut usage) = (0, Usage::default());
        // The child is waited for here and nowhere else.
        if unsafe { wait4(child.id() as i32, &mut status, 0, &mut usage) } < 0 {
            eprintln!("measure: lost the child");
            exit(2);
        }
        times.push((usage.user[0] + usage.system[0]) * 1_000_000 + usage.user[1] + usage.system[1]);
        most = most.max(usage.max_rss);
        code = ExitStatus::from_raw(status).code().unwrap_or(-1);
    }
    times.sort_unstable();
    println!("{} {most} {code}", times[runs / 2]);
}
