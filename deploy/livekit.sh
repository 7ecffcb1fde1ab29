#!/bin/sh
# livekit.sh CERTIFICATES COMMAND…: starts LiveKit (COMMAND), with VISAVIS_TURN=true once Caddy has a
# certificate for LIVEKIT_TURN_DOMAIN in its folder CERTIFICATES. Without the files LiveKit ends at once.
certificates=$1
shift

LIVEKIT_TURN_DOMAIN=$(printf %s "$LIVEKIT_TURN_DOMAIN" | tr '[:upper:]' '[:lower:]') # as Caddy does
file=$LIVEKIT_TURN_DOMAIN/$LIVEKIT_TURN_DOMAIN

newest() { # of those that an authority gave; Caddy's own are in `local`
    ls -t "$certificates"/*/"$file.crt" 2>/dev/null |
        grep -v "^$certificates/local/" | head -n 1
}

case $LIVEKIT_TURN_ENABLED in
'' | 0 | [fF] | false | False | FALSE) exec "$@" ;;
esac

if [ "$VISAVIS_TLS" = internal ]; then
    echo "visavis: VISAVIS_TURN=true needs VISAVIS_TLS=<your e-mail address>, for a certificate of" \
        "Let's Encrypt: browsers take no other for TURN" >&2
    exit 1
fi
trap 'exit 143' TERM INT # The first process of a container ends by no signal that it does not expect.
until certificate=$(newest) && [ -s "$certificate" ] && [ -s "${certificate%.crt}.key" ]; do
    echo "visavis: LiveKit waits until Caddy has a certificate for $LIVEKIT_TURN_DOMAIN," \
        "$certificates/*/$file.crt" \
        "(docker compose --profile tls up; its log says what is in the way)" >&2
    sleep 5 &
    wait $! # A signal ends this; it would not cut short the sleep.
done
export LIVEKIT_TURN_CERT="$certificate" LIVEKIT_TURN_KEY="${certificate%.crt}.key"
exec "$@"
