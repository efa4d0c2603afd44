"""What a capture is made of, without input or output: pcapng blocks, IP packets, streams, and what is noted of them."""
