import type { Namespace } from "../namespace/description.ts";

/** The calls for one namespace. */
interface Queue<Request> {
  /** The call that was begun last; undefined if there is none, or it has ended and none waits. */
  last: Promise<void> | undefined;
  /** The requests that are submitted together when it has ended. */
  next: { requests: Request[]; answered: Promise<void> } | undefined;
}

/**
 * Requests to another program that takes long to answer, but may be asked for much at once. One call
 * for a namespace is made at a time: requests that come meanwhile wait, and are then submitted
 * together by one call.
 */
export class GroupedCalls<Request> {
  readonly #queues = new Map<string, Queue<Request>>();

  /** @param submit Makes one call, and waits until it has been answered. */
  constructor(
    private readonly submit: (namespace: Namespace, requests: readonly Request[]) => Promise<void>,
  ) {}

  /** Submits requests, and waits until they have been answered. Throws the error of the call. */
  request(namespace: Namespace, ...requests: Request[]): Promise<void> {
    const name = namespace.namespace;
    const queue: Queue<Request> = this.#queues.get(name) ?? { last: undefined, next: undefined };
    this.#queues.set(name, queue);
    if (queue.last === undefined) return this.#start(queue, namespace, requests);
    if (queue.next !== undefined) {
      queue.next.requests.push(...requests);
      return queue.next.answered;
    }
    const answered = queue.last.catch(() => {}).then(() => {
      queue.next = undefined;
      return this.#start(queue, namespace, requests);
    });
    queue.next = { requests, answered };
    return answered;
  }

  #start(queue: Queue<Request>, namespace: Namespace, requests: readonly Request[]): Promise<void> {
    const call = this.submit(namespace, requests);
    queue.last = call;
    const done = () => {
      if (queue.last === call && queue.next === undefined) queue.last = undefined;
    };
    call.then(done, done);
    return call;
  }
}
