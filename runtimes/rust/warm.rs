extern crate serde_json;

use serde_derive::{Deserialize, Serialize};
use serde_json::{Error, Value};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Output {
    greeting: String,
}

pub fn main(_args: Value) -> Result<Value, Error> {
    serde_json::to_value(Output { greeting: "hello".to_string() })
}
