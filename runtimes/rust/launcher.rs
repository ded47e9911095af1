// The ActionLoop around the user's function: a line of JSON on standard input, a line of JSON on descriptor 3.
use serde_json::{json, Map, Value};
use std::env;
use std::fs::File;
use std::io::{stderr, stdin, stdout, BufRead, Write};
use std::os::unix::io::FromRawFd;

fn set_environment(request: &Map<String, Value>) {
    for (name, value) in request {
        if name != "value" {
            let text = value.as_str().map(String::from).unwrap_or_else(|| value.to_string());
            env::set_var(format!("__OW_{}", name.to_uppercase()), text);
        }
    }
}

fn answer(line: &str) -> Value {
    let mut request: Map<String, Value> = match serde_json::from_str(line) {
        Ok(request) => request,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    set_environment(&request);
    let argument = match request.remove("value") {
        None | Some(Value::Null) => json!({}),
        Some(value) => value,
    };
    match actions::action_main(argument) {
        Ok(result) => json!(result),
        Err(error) => {
            eprintln!("error: {}", error);
            json!({ "error": error.to_string() })
        }
    }
}

fn main() {
    let mut answers = unsafe { File::from_raw_fd(3) };
    answers.write_all(b"{\"ok\":true}\n").expect("descriptor 3 cannot be written");
    for line in stdin().lock().lines() {
        let line = line.expect("standard input cannot be read");
        let text = answer(&line).to_string();
        stdout().flush().ok();
        stderr().flush().ok();
        answers.write_all((text + "\n").as_bytes()).expect("descriptor 3 cannot be written");
    }
}
