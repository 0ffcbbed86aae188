"""The TransGenic network: HyenaDNA encoder, downsampling and Longformer-style decoder."""
