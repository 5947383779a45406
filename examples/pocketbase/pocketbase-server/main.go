// The team's service: PocketBase as it comes (pocketbase.io/docs, "Extend with Go"), with nothing added.
package main

import (
	"log"

	"github.com/pocketbase/pocketbase"
)

func main() {
	if err := pocketbase.New().Start(); err != nil {
		log.Fatal(err)
	}
}
