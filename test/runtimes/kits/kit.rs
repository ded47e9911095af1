// One action for most cases: what it does is told by its argument.
extern crate serde_json;

use serde::de::Error as _;
use serde_json::{json, Error, Map, Value};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, process};

static COUNT: AtomicUsize = AtomicUsize::new(0);

fn operation(args: Value) -> Result<Value, Error> {
    let text = |key: &str| args[key].as_str().unwrap_or("").to_string();
    Ok(match args["op"].as_str().unwrap_or("") {
        "echo" => json!({ "value": args["value"] }),
        "log" => {
            if args.get("out").is_some() {
                println!("{}", text("out"));
            }
            if args.get("err").is_some() {
                eprintln!("{}", text("err"));
            }
            json!({})
        }
        "lines" => {
            for i in 0..args["count"].as_u64().unwrap() {
                println!("line {}", i);
            }
            json!({})
        }
        "env" => {
            let mut found = Map::new();
            for name in args["names"].as_array().unwrap() {
                let name = name.as_str().unwrap();
                found.insert(name.to_string(), json!(env::var(name).ok()));
            }
            json!({ "env": found, "atLoad": env::var("LOAD_VAR").ok() })
        }
        "own" => json!({ "names": env::vars().map(|(n, _)| n).filter(|n| n.starts_with("MINIWHISK")).collect::<Vec<_>>() }),
        "fail" => return Err(Error::custom(text("text"))),
        "apperror" => json!({ "error": args["text"] }),
        "number" => json!(5),
        "null" => Value::Null,
        "list" => json!([1, "two", { "three": 3 }]),
        "big" => json!({ "text": "x".repeat(args["size"].as_u64().unwrap() as usize) }),
        "count" => json!({ "count": COUNT.fetch_add(1, Ordering::SeqCst) + 1 }),
        "exit" => process::exit(3),
        "loop" => loop {},
        _ => json!({}),
    })
}

pub fn main(args: Value) -> Result<Value, Error> {
    match args {
        Value::Array(mut list) => {
            list.reverse();
            Ok(Value::Array(list))
        }
        args => operation(args),
    }
}

pub fn niam(_args: Value) -> Result<Value, Error> {
    Ok(json!({ "entry": "niam" }))
}
