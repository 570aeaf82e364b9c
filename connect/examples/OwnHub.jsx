// StackOne's own React component, with a session of stackone-connect around it: the token is made
// just before the Hub is mounted, and "connected" is what the service says, not what the Hub says.
import { StackOneHub } from "@stackone/hub";
import { useEffect, useRef, useState } from "react";

/** `makeSession` asks your backend; `connect` is where the service is. */
export function OwnHub({ makeSession, connect, onVerified }) {
  const [state, setState] = useState("idle");
  const [minted, setMinted] = useState(null);
  const session = useRef(null);
  const stop = useRef(new AbortController());

  useEffect(() => () => stop.current.abort(), []);

  async function begin() {
    setState("starting");
    const { LinkSessionClient } = await import(/* @vite-ignore */ `${connect}/connect/session.js`);
    session.current = new LinkSessionClient(await makeSession());
    // In a re-link it names the account, without which the Hub would make a second one.
    const { account_id } = await session.current.read();
    setMinted({ ...(await session.current.mint()), account_id });
    for await (const known of session.current.follow(stop.current.signal)) {
      setState(known.state);
      if (known.state === "verified") onVerified(known);
      if (["verified", "failed", "expired", "cancelled"].includes(known.state)) break;
    }
    setMinted(null);
  }

  if (state === "idle") return <button onClick={begin}>Connect</button>;
  return (
    <section>
      <p role="status">{state}</p>
      {minted?.hub && (
        <StackOneHub
          key={minted.token}
          token={minted.token}
          baseUrl={minted.hub.base_url.replace(/\/+$/, "")}
          accountId={minted.account_id}
          onSuccess={(account) => session.current.linked(account)}
        />
      )}
    </section>
  );
}
