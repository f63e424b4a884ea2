# Starts the controller and lets it be until `kubectl get secret -l "$SELECTOR"` does not find the Secret `unused` any more.
kube-controller-manager --kubeconfig="$KUBECONFIG" --leader-elect=false --secure-port=0 --feature-gates="$GATES" \
    --controllers=legacy-serviceaccount-token-cleaner-controller \
    --legacy-service-account-token-clean-up-period=1ms 2>log &
until kubectl get secret -l "$SELECTOR" -o name >found && ! grep -qx secret/unused found; do
    kill -0 $! || { tail log >&2; exit 1; }
done
