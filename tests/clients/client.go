// A daemon that runs 20 jobs by lanĉo and collects how they end, and may be killed at any time.
//
//	client LANCO NAMESPACE RESULTS    RESULTS gets a line "job status" for each, once
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A request to "lanco batch", which executes requests at once and answers each when it is done.
type request struct {
	ID      string   `json:"id"`
	Command string   `json:"command"`
	Task    string   `json:"task,omitempty"`
	Args    []string `json:"args,omitempty"`
	Once    bool     `json:"once,omitempty"`
	Timeout string   `json:"timeout,omitempty"`
	Label   any      `json:"label,omitempty"`
}

// How a run has ended: its exit status, or the name of a signal.
type end struct {
	Code   *int    `json:"code"`
	Signal *string `json:"signal"`
	Ended  *int64  `json:"ended"`
}

// An answer; for the request "events", one event.
type answer struct {
	ID         string   `json:"id"`
	ExitStatus int      `json:"exitStatus"`
	Messages   []string `json:"messages"`
	Output     end      `json:"output"`
	Event      struct {
		Event string `json:"event"`
		Task  string `json:"task"`
		end
	} `json:"event"`
}

func main() {
	lanco, namespace, results := os.Args[1], os.Args[2], os.Args[3]
	jobs := map[string][]string{}
	for i := 0; i < 20; i++ {
		jobs[fmt.Sprintf("job%d", i)] = []string{"sh", "-c", fmt.Sprintf("sleep 1.%d; exit %d", i%7, i)}
	}
	collected := map[string]bool{}
	known, _ := os.ReadFile(results)
	for _, line := range strings.Split(strings.TrimSpace(string(known)), "\n") {
		if line != "" {
			collected[strings.Fields(line)[0]] = true
		}
	}
	file, err := os.OpenFile(results, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	must(err)
	batch := exec.Command(lanco, namespace, "batch")
	batch.Stderr = os.Stderr
	requests, err := batch.StdinPipe()
	must(err)
	answers, err := batch.StdoutPipe()
	must(err)
	must(batch.Start())

	ask := func(r request) { must(json.NewEncoder(requests).Encode(r)) }
	collect := func(job string, how end) {
		if _, ours := jobs[job]; !ours || collected[job] {
			return
		}
		collected[job] = true
		if how.Code != nil {
			fmt.Fprintln(file, job, *how.Code)
		} else {
			fmt.Fprintln(file, job, *how.Signal)
		}
	}

	start := func(job string) {
		ask(request{ID: "run " + job, Command: "run", Task: job, Args: jobs[job],
			Once: true, Timeout: "1m", Label: map[string]string{"client": "go"}})
	}

	ask(request{ID: "events", Command: "events", Label: []string{"client=go"}})
	decoder := json.NewDecoder(answers)
	for len(collected) < len(jobs) {
		var a answer
		if err := decoder.Decode(&a); err == io.EOF {
			break
		} else {
			must(err)
		}
		kind, job, _ := strings.Cut(a.ID, " ")
		switch {
		case a.Event.Event == "ready":
			// From now on each end is told.
			for job := range jobs {
				if !collected[job] {
					start(job)
				}
			}
		case a.Event.Event == "end":
			collect(a.Event.Task, a.Event.end)
		case kind == "run" && a.ExitStatus == 4:
			// It was started in a former life of this daemon; its end may be on record.
			ask(request{ID: "status " + job, Command: "status", Task: job})
		case kind == "run" && a.ExitStatus != 0:
			log.Fatal(strings.Join(a.Messages, "\n"))
		case kind == "status" && a.ExitStatus == 3:
			// Whoever was starting it has been killed, and it was not started.
			time.Sleep(100 * time.Millisecond)
			start(job)
		case kind == "status" && a.Output.Ended != nil:
			collect(job, a.Output)
		}
	}
	requests.Close()
	must(batch.Wait())
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
