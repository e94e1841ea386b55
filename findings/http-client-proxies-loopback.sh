#!/usr/bin/env bash
# .NET's HttpClient: which addresses go through the proxy that http_proxy and https_proxy name?
#
# Guess:    As with Go and most programs that follow it: loopback never; no_proxy covers subdomains of a name (`example.com`),
#           networks (`10.0.0.0/8`), a name with a port, and `*`.
# Observed: Loopback goes through the proxy, by name and by number. no_proxy has names alone, compared as they are, and subdomains
#           only of a name with a dot before it. GetProxy doesn't look at no_proxy; IsBypassed does, and has to be asked first.
# Product:  With http_proxy set, a client on the same machine reached no control plane; in a cluster whose no_proxy names the
#           network of its services, as usual, the agent would ask the proxy for the Kubernetes API.
# shellcheck source-path=SCRIPTDIR source=lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

project '' ''
cat >"$folder/Program.cs" <<'END'
string[] addresses =
[
    "http://localhost:8081", "https://127.0.0.1", "https://example.com", "https://www.example.com", "https://www.example.org",
    "https://10.96.0.1", "https://example.net",
];
foreach (var address in addresses)
    Console.WriteLine($"{address}: {(HttpClient.DefaultProxy.IsBypassed(new Uri(address)) ? "direct" : "proxy")}");
END

expected='http://localhost:8081: proxy
https://127.0.0.1: proxy
https://example.com: direct
https://www.example.com: proxy
https://www.example.org: direct
https://10.96.0.1: proxy
https://example.net: proxy'
(cd "$folder" && dotnet build -v q >/dev/null)
seen=$(
  env -u HTTPS_PROXY -u HTTP_PROXY -u ALL_PROXY -u NO_PROXY http_proxy=http://proxy:3128 https_proxy=http://proxy:3128 \
    no_proxy='example.com,.example.org,10.0.0.0/8,example.net:443' dotnet run --no-build --project "$folder"
)
compare "$expected" "$seen"
