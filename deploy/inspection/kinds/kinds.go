//go:build tools

// Package kinds names the Go modules that define the custom resources of our manifests, and controller-gen, which makes
// their schemas (CustomResourceDefinitions) from them, as their own projects do. Nothing here is built into anything.
package kinds

import (
	_ "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	_ "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	_ "sigs.k8s.io/controller-tools/cmd/controller-gen"
)
