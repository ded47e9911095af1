package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// The argument is JSON; the last line printed is the result.
func main() {
	args := map[string]interface{}{}
	if len(os.Args) > 1 {
		if err := json.Unmarshal([]byte(os.Args[1]), &args); err != nil {
			fmt.Printf("{ \"error\": %q }\n", err.Error())
			return
		}
	}
	fmt.Println("This is a log line of a Go program.")
	result, _ := json.Marshal(map[string]interface{}{"msg": "Hello from a Go program!", "args": args})
	fmt.Println(string(result))
}
