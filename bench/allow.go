// The baseline: a plugin that allows everything, as one writes it in Go with the standard library: net/http, and the
// envelope decoded into a struct (the fields of moby pkg/authorization/api.go).
//
// usage: allow SOCKET
package main

import (
	"encoding/json"
	"log"
	"net"
	"net/http"
	"os"
)

type envelope struct {
	User               string
	UserAuthNMethod    string
	RequestMethod      string
	RequestUri         string
	RequestBody        []byte
	RequestHeaders     map[string]string
	ResponseStatusCode int
	ResponseBody       []byte
	ResponseHeaders    map[string]string
}

type answer struct {
	Allow bool
	Msg   string
	Err   string
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: allow SOCKET")
	}
	os.Remove(os.Args[1])
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/Plugin.Activate", func(to http.ResponseWriter, _ *http.Request) {
		reply(to, map[string][]string{"Implements": {"authz"}})
	})
	http.HandleFunc("/AuthZPlugin.AuthZReq", allow)
	http.HandleFunc("/AuthZPlugin.AuthZRes", allow)
	log.Fatal(http.Serve(listener, nil))
}

func allow(to http.ResponseWriter, from *http.Request) {
	var asked envelope
	if err := json.NewDecoder(from.Body).Decode(&asked); err != nil {
		http.Error(to, err.Error(), http.StatusBadRequest)
		return
	}
	reply(to, answer{Allow: true})
}

func reply(to http.ResponseWriter, document any) {
	to.Header().Set("Content-Type", "application/vnd.docker.plugins.v1.2+json")
	json.NewEncoder(to).Encode(document)
}
